// Replaces the board whenever the server sends a new one. Without this script the page reloads itself.
"use strict";

const board = document.getElementById("board");
const state = document.getElementById("live-state");
const feed = new EventSource(board.dataset.live);

feed.addEventListener("board", (event) => {
  const focused = document.activeElement?.id;
  board.innerHTML = event.data;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
});

feed.onopen = () => { state.textContent = "Live: changes appear by themselves."; };

feed.onerror = () => {
  if (feed.readyState === EventSource.CLOSED) location.reload(); // the session has ended
  else state.textContent = "The connection is lost. Trying again…";
};
