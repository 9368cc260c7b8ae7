// Every two seconds: what moves is fetched again. A part that says `replace` is replaced when it has changed, and what was
// unfolded in it stays so; to one that says `prepend` new cards are put before the old, so that nothing that plays is
// interrupted, and the oldest go.
"use strict";

const lost = document.getElementById("lost");
const shown = new Map();
const MOST = 24; // cards of a part

async function load(part) {
  const answer = await fetch(part.dataset.url, { headers: { Accept: "text/html" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}

function replace(part, html) {
  if (html === shown.get(part)) return;
  const focused = document.activeElement?.id;
  const unfolded = [...part.querySelectorAll("details[open]")].map((each) => each.id);
  part.innerHTML = html;
  shown.set(part, html);
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
}

function prepend(part, html) {
  const cards = new DOMParser().parseFromString(html, "text/html").querySelectorAll("article");
  for (const card of [...cards].reverse())
    if (!document.getElementById(card.id)) part.prepend(document.adoptNode(card));
  for (const card of [...part.children].slice(MOST))
    if (card.querySelector("video")?.paused ?? true) card.remove();
}

const renew = { replace, prepend };

async function look() {
  try {
    if (!document.hidden) {
      for (const part of document.querySelectorAll("[data-live][data-url]"))
        renew[part.dataset.live](part, await load(part));
      lost.hidden = true;
    }
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, 2000);
}

setTimeout(look, 2000);
