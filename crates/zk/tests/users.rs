//! The user table: what fits into which terminal, and where somebody new goes (zk 7.1, 7.2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use zk::{Error, Password, TimeZones, User, UserLayout, UserTable, transfer};

fn table(slots: &[u16]) -> UserTable {
    let users = slots.iter().map(|slot| User { slot: *slot, ..User::new((100 + u32::from(*slot)).to_string(), "") });
    UserTable { users: users.collect(), layout: Some(UserLayout::Long) }
}

#[test]
fn somebody_new_goes_above_the_highest_slot_so_that_old_punches_keep_their_owner() {
    assert_eq!(table(&[]).free_slot(), Some(1));
    assert_eq!(table(&[1, 2, 5]).free_slot(), Some(6), "not 3: the log may still name it");
    assert_eq!(table(&[0]).free_slot(), Some(1), "never 0");
    assert_eq!(table(&[1, 2, u16::MAX]).free_slot(), Some(3), "a gap, when there is no slot above");
    assert_eq!(table(&(1..=u16::MAX).collect::<Vec<_>>()).free_slot(), None);
}

#[test]
fn a_user_number_is_found_as_it_is_written() {
    let mut users = table(&[1, 2]);
    users.users.push(User { slot: 9, ..User::new("0101", "") });
    assert_eq!((users.slot_of("101"), users.slot_of("0101"), users.slot_of("1")), (Some(1), Some(9), None));
}

#[test]
fn what_would_be_cut_or_changed_is_told_before_it_is_written() {
    let misfit = |layout: UserLayout, user: User| layout.fits(&user).unwrap_err().to_string();
    let (short, long) = (UserLayout::Short, UserLayout::Long);
    for number in ["0012", "E-20001", "", "0", "4294967296", "+5"] {
        assert!(misfit(short, User::new(number, "")).contains("whole numbers"), "{number:?}");
    }
    for number in ["", "1234567890123456789012345", "12 34", "1\x002"] {
        assert!(misfit(long, User::new(number, "")).contains("1 to 24 letters"), "{number:?}");
    }
    let nine = User::new("7", "Anastasia");
    assert_eq!(
        misfit(short, nine.clone()),
        "the name of user 7 has 9 bytes; this terminal holds 8 (zero bytes excluded)"
    );
    assert!(long.fits(&nine).is_ok());
    let secret = User { password: Password::from("1234567"), ..User::new("7", "") };
    let told = misfit(short, secret.clone());
    assert!(told.contains("5 characters") && !told.contains("1234567"), "{told}");
    assert!(long.fits(&secret).is_ok());
    let zoned = User { time_zones: TimeZones { flags: 1, own: [1, 0, 0] }, ..User::new("7", "") };
    assert!(misfit(short, zoned).contains("no place"));
}

#[test]
fn a_user_prints_without_the_password() {
    let user = User { password: Password::from("86420"), ..User::new("7", "Ana") };
    assert!(!format!("{user:?}").contains("86420"));
}

#[test]
fn an_empty_table_is_no_error_and_one_cut_short_is_refused_without_its_bytes() {
    let empty = UserTable { users: Vec::new(), layout: None };
    assert_eq!(UserTable::decode(&[], Some(0)).unwrap(), empty);
    assert_eq!(UserTable::decode(&transfer::dataset(&[]), Some(0)).unwrap(), empty);
    let user = User { slot: 1, password: Password::from("86420"), ..User::new("7", "Ana") };
    let dataset = transfer::dataset(&UserLayout::Long.encode(&user));
    let error = UserTable::decode(&dataset[..60], Some(1)).unwrap_err();
    assert!(matches!(&error, Error::Corrupt { raw, .. } if raw.is_empty()), "passwords are in these bytes");
    let odd = UserTable::decode(&transfer::dataset(&[7; 36]), Some(1)).unwrap_err();
    assert!(matches!(&odd, Error::Corrupt { raw, .. } if raw.is_empty()), "an unknown width is refused");
}
