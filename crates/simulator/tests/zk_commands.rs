//! Commands of port 4370 packet by packet, as a terminal answers them (zk 3, 5, 6.3, 8, 10).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::wire::Wire;
use common::{company_log, serve};
use jiff::civil::date;
use simulator::{Profile, Terminal};
use zk::record::event::{AttendanceEvent, EventMask, RealtimeEvent};
use zk::record::template::{TemplateHeader, TemplateKey};
use zk::transfer::Table;
use zk::{Code, Packet, Privilege, User, UserLayout, UserRef};

fn of_make(profile: &str) -> Terminal {
    let users = [User::new("0012", "Ana Cruz"), User { privilege: Privilege::SUPER_ADMIN, ..User::new("13", "Ben") }];
    Terminal::builder("SIM0001").profile(profile.parse().unwrap()).users(users).log(company_log(20)).build()
}

async fn wire_to(terminal: &Terminal) -> Wire {
    Wire::connect(&serve(terminal).await).await
}

async fn asks(wire: &mut Wire, code: Code, data: impl Into<Vec<u8>>) -> Code {
    wire.ask(code, data).await.code
}

#[tokio::test]
async fn a_terminal_that_was_disabled_for_a_second_enables_itself() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    assert_eq!(asks(&mut wire, Code::DISABLE_DEVICE, 1_u32.to_le_bytes()).await, Code::ACK_OK);
    assert!(terminal.punch("13", date(2026, 11, 20).at(8, 0, 0, 0), 0, 1), "somebody waits in front of it");
    assert_eq!((terminal.is_disabled(), terminal.log_len()), (true, 20));
    let mut progress = terminal.progress();
    let punched = tokio::time::timeout(Duration::from_secs(5), progress.wait_for(|now| now.punched == 21)).await;
    assert!(punched.is_ok_and(|punched| punched.is_ok()), "nobody enabled it");
    assert!(!terminal.is_disabled());
}

#[tokio::test]
async fn the_state_comes_in_place_of_the_session_and_small_answers_as_each_make_has_them() {
    let mut wire = wire_to(&of_make("k20")).await;
    let state = wire.ask(Code::READ_STATE, []).await;
    assert_eq!((state.code, state.session, state.data.len()), (Code::ACK_OK, 2, 0));
    assert_eq!(wire.ask(Code::GET_PIN_WIDTH, []).await.data, [9]);
    assert_eq!(asks(&mut wire, Code::TEST_VOICE, 11_u32.to_le_bytes()).await, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code(4711), []).await, Code::UNKNOWN_COMMAND);
    let mut wire = wire_to(&of_make("iclock580")).await;
    assert!(wire.ask(Code::GET_PIN_WIDTH, []).await.data.is_empty());
}

#[tokio::test]
async fn what_describes_the_hardware_cannot_be_written() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    assert_eq!(asks(&mut wire, Code::OPTION_WRITE, *b"~SerialNumber=X\0").await, Code::ACK_ERROR);
    assert_eq!(asks(&mut wire, Code::OPTION_WRITE, *b"AlarmReRec=5").await, Code::ACK_OK);
    assert_eq!(wire.ask(Code::OPTION_READ, *b"AlarmReRec").await.data, b"AlarmReRec=5\0");
    assert_eq!(terminal.option("~SerialNumber").as_deref(), Some("SIM0001"));
}

#[tokio::test]
async fn a_user_record_has_the_width_of_the_make_and_a_number_one_slot() {
    for (profile, layout, other) in
        [("f18", UserLayout::Long, UserLayout::Short), ("mb20-8", UserLayout::Short, UserLayout::Long)]
    {
        let terminal = of_make(profile);
        let mut wire = wire_to(&terminal).await;
        let user = User { slot: 60, ..User::new("77", "Carla") };
        assert_eq!(asks(&mut wire, Code::USER_WRITE, other.encode(&user)).await, Code::ACK_ERROR);
        assert_eq!(asks(&mut wire, Code::USER_WRITE, layout.encode(&user)).await, Code::ACK_OK);
        let elsewhere = layout.encode(&User { slot: 61, ..user.clone() });
        assert_eq!(asks(&mut wire, Code::USER_WRITE, elsewhere).await, Code::ACK_ERROR, "the number is in slot 60");
        let nobody = layout.encode(&User { slot: 0, ..User::new("78", "Dino") });
        assert_eq!(asks(&mut wire, Code::USER_WRITE, nobody).await, Code::ACK_ERROR);
        assert_eq!(terminal.slot_of("77"), Some(60));
        assert_eq!(asks(&mut wire, Code::DELETE_USER, 60_u16.to_le_bytes()).await, Code::ACK_OK);
        assert_eq!(asks(&mut wire, Code::DELETE_USER, 60_u16.to_le_bytes()).await, Code::ACK_ERROR);
    }
}

#[tokio::test]
async fn a_template_is_announced_uploaded_summed_up_and_stored() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    let template = vec![0xA5; 1500];
    let key = TemplateKey { slot: 2, finger: 6 };
    let header = TemplateHeader { key, flag: 3, size: 1500 };
    assert_eq!(asks(&mut wire, Code::PREPARE_DATA, 1500_u32.to_le_bytes()).await, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code::DATA, &template[..1024]).await, Code::ACK_OK);
    assert_eq!(
        asks(&mut wire, Code::TEMPLATE_WRITE, header.encode_write()).await,
        Code::ACK_ERROR,
        "a part is missing"
    );
    assert_eq!(asks(&mut wire, Code::DATA, &template[1024..]).await, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code::DATA, *b"more").await, Code::ACK_ERROR, "more than announced");
    assert_eq!(wire.ask(Code::CHECKSUM_BUFFER, []).await.data.len(), 4);
    assert_eq!(asks(&mut wire, Code::TEMPLATE_WRITE, header.encode_write()).await, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code::FREE_DATA, []).await, Code::ACK_OK);
    let stored = terminal.template(key).unwrap();
    assert_eq!((stored.flag, stored.bytes), (3, template));

    let nobody = TemplateHeader { key: TemplateKey { slot: 99, finger: 0 }, ..header };
    wire.ask(Code::PREPARE_DATA, 4_u32.to_le_bytes()).await;
    wire.ask(Code::DATA, *b"blob").await;
    let refused = asks(&mut wire, Code::TEMPLATE_WRITE, TemplateHeader { size: 4, ..nobody }.encode_write()).await;
    assert_eq!(refused, Code::ACK_ERROR, "slot 99 is free");
}

#[tokio::test]
async fn a_template_is_read_with_one_byte_behind_it_and_deleted_by_slot_or_number() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    let key = TemplateKey { slot: 1, finger: 0 };
    let held = terminal.template(key).expect("everybody has one finger").bytes;
    assert_eq!(asks(&mut wire, Code::TEMPLATE_READ, key.encode()).await, Code::PREPARE_DATA);
    let data = wire.hear().await.unwrap().data;
    assert_eq!((&data[..held.len()], &data[held.len()..]), (&held[..], &[0][..]));
    assert_eq!(wire.hear().await.unwrap().code, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code::DELETE_TEMPLATE, key.encode()).await, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code::TEMPLATE_READ, key.encode()).await, Code::ACK_ERROR);
    let mut by_number = vec![0; 25];
    by_number[..2].copy_from_slice(b"13");
    assert_eq!(asks(&mut wire, Code::DELETE_TEMPLATE_OF_NUMBER, by_number.clone()).await, Code::ACK_OK);
    assert_eq!(asks(&mut wire, Code::DELETE_TEMPLATE_OF_NUMBER, by_number).await, Code::ACK_ERROR);
}

#[tokio::test]
async fn users_and_their_templates_come_in_one_upload() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    let record = UserLayout::Long.encode(&User { slot: 70, ..User::new("700", "Elena") });
    let users = [&[2][..], &record].concat();
    let table = [&[2][..], &70_u16.to_le_bytes(), &[0x10 + 4], &0_u32.to_le_bytes()].concat();
    let templates = [&5_u16.to_le_bytes()[..], b"blob!"].concat();
    let lengths = [users.len(), table.len(), templates.len()].map(|length| (length as u32).to_le_bytes()).concat();
    let upload = [lengths, users, table, templates].concat();
    wire.ask(Code::PREPARE_DATA, (upload.len() as u32).to_le_bytes()).await;
    wire.ask(Code::DATA, upload).await;
    let order = [&12_u32.to_le_bytes()[..], &0_u16.to_le_bytes(), &8_u16.to_le_bytes()].concat();
    assert_eq!(asks(&mut wire, Code::SAVE_TEMPLATES, order).await, Code::ACK_OK);
    assert_eq!(terminal.slot_of("700"), Some(70));
    assert_eq!(terminal.template(TemplateKey { slot: 70, finger: 4 }).unwrap().bytes, b"blob!");
}

#[tokio::test]
async fn an_enrolment_makes_a_template_and_an_event() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    assert_eq!(asks(&mut wire, Code::EVENT, EventMask::ALL.0.to_le_bytes()).await, Code::ACK_OK);
    let mut order = vec![0; 26];
    order[..4].copy_from_slice(b"0012");
    (order[24], order[25]) = (3, 1);
    wire.say(Code::START_ENROLMENT, order).await;
    let packets = [wire.hear().await.unwrap(), wire.hear().await.unwrap()];
    let event = packets.iter().find(|packet| packet.code == Code::EVENT).expect("an event");
    let RealtimeEvent::FingerEnrolled(enrolment) = RealtimeEvent::decode(event) else { panic!("{event:?}") };
    let key = TemplateKey { slot: 1, finger: 3 };
    let template_bytes = terminal.template(key).unwrap().bytes.len() as u16;
    let zk::record::event::Enrolment::Done { number, finger, template_bytes: told } = enrolment else { panic!() };
    assert_eq!((&*number.text(), finger, told), ("0012", 3, template_bytes));
}

/// What a make sends when user 13 punches.
async fn event_of(profile: &str) -> Packet {
    let terminal = of_make(profile);
    let mut wire = wire_to(&terminal).await;
    wire.ask(Code::EVENT, 1_u32.to_le_bytes()).await;
    assert!(terminal.punch("13", date(2026, 11, 20).at(10, 12, 0, 0), 0, 1));
    wire.hear().await.unwrap()
}

#[tokio::test]
async fn each_make_has_its_own_form_of_attendance_events() {
    let forms = [("f18", 32), ("mb20-16", 12), ("mb20-8", 10), ("ma300", 14), ("speedface-v5l", 37), ("mb2000", 52)];
    for (profile, bytes) in forms {
        let packet = event_of(profile).await;
        assert_eq!((packet.code, packet.session, packet.number), (Code::EVENT, 1, 0), "{profile}");
        assert_eq!(packet.data.len(), bytes, "{profile}");
        let event = AttendanceEvent::decode(&packet.data).unwrap();
        match event.user {
            UserRef::Number(number) => assert_eq!(number.text(), "13", "{profile}"),
            UserRef::Slot(slot) => assert_eq!(slot, 2, "{profile}"),
        }
        assert_eq!(event.time.civil().unwrap().to_string(), "2026-11-20 10:12:00");
    }
}

#[tokio::test]
async fn events_come_to_those_who_registered_and_while_the_terminal_is_enabled() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    let punch = |minute| terminal.punch("13", date(2026, 11, 20).at(8, minute, 0, 0), 0, 1);
    assert!(punch(0));
    wire.ask(Code::EVENT, EventMask::FINGER_ENROLLED.0.to_le_bytes()).await;
    assert!(punch(1));
    wire.ask(Code::EVENT, EventMask::ATTENDANCE.0.to_le_bytes()).await;
    wire.ask(Code::DISABLE_DEVICE, []).await;
    assert!(punch(2));
    assert_eq!(asks(&mut wire, Code::GET_VERSION, []).await, Code::ACK_OK, "nothing came in between");
    wire.say(Code::ENABLE_DEVICE, []).await;
    let packets = [wire.hear().await.unwrap(), wire.hear().await.unwrap()];
    let event = packets.iter().find(|packet| packet.code == Code::EVENT).expect("whoever waited has punched");
    let event = AttendanceEvent::decode(&event.data).unwrap();
    assert_eq!(event.time.civil().unwrap().to_string(), "2026-11-20 08:02:00");
}

#[tokio::test]
async fn tables_are_cleared_one_by_one_or_all() {
    let terminal = of_make("f18");
    let mut wire = wire_to(&terminal).await;
    let counts = || (terminal.log_len(), terminal.users().len(), terminal.operations(0..usize::MAX).len());
    let (punches, users, _) = counts();
    assert_eq!(asks(&mut wire, Code::CLEAR_ADMINISTRATORS, []).await, Code::ACK_OK);
    assert!(terminal.users().iter().all(|user| !user.privilege.is_administrator()));
    assert_eq!(asks(&mut wire, Code::CLEAR_DATA, [2]).await, Code::ACK_OK);
    assert_eq!(terminal.template(TemplateKey { slot: 1, finger: 0 }), None);
    assert_eq!((counts().0, counts().1), (punches, users));
    assert_eq!(asks(&mut wire, Code::CLEAR_DATA, [9]).await, Code::ACK_ERROR, "there is no such table");
    assert_eq!(asks(&mut wire, Code::CLEAR_DATA, [1]).await, Code::ACK_OK);
    assert_eq!((counts().0, counts().1), (0, users));
    assert_eq!(asks(&mut wire, Code::CLEAR_DATA, []).await, Code::ACK_OK);
    assert_eq!(counts(), (0, 0, 0));
}

#[tokio::test]
async fn the_plain_request_gives_the_table_of_old_units_and_a_blob_of_colour_units() {
    for (profile, is_table) in [("mb20-8", true), ("k40", false)] {
        let terminal = of_make(profile);
        let mut wire = wire_to(&terminal).await;
        let announced = wire.ask(Code::ATTENDANCE_READ, []).await;
        let size = u32::from_le_bytes(announced.data[..4].try_into().unwrap());
        assert_eq!(size, if is_table { 4 + 20 * 8 } else { 124 }, "{profile}");
        let data = wire.hear().await.unwrap().data;
        assert_eq!(data[..4] == (20_u32 * 8).to_le_bytes(), is_table, "{profile}");
    }
}

#[tokio::test]
async fn the_operation_log_is_a_table_too() {
    let terminal = of_make("f18");
    terminal.delete_user(2);
    let mut wire = wire_to(&terminal).await;
    let answer = wire.ask(Code::PREPARE_BUFFER, Table::Operations.request()).await;
    assert_eq!(answer.code, Code::DATA, "it is small");
    let entries = zk::decode_operations(&answer.data).unwrap();
    let kinds: Vec<u8> = entries.iter().map(|entry| entry.operation.0).collect();
    assert_eq!(kinds, [0, 9], "power on, user deleted");
    assert_eq!(entries[1].parameters[0], 2);
}

#[test]
fn every_make_has_a_form_for_everything_it_tells() {
    for profile in Profile::all() {
        let binary = profile.binary;
        assert!(binary.data_frame_bytes >= 8 && binary.sizes_bytes >= 80, "{}", profile.name);
        assert_eq!(binary.sizes_bytes >= 92, profile.capacity.faces.is_some(), "{}: faces are counted", profile.name);
    }
}
