// Every two seconds: what moves is fetched again and replaced when it has changed, and new footage is put before the
// old. What is there already is not touched, so that nothing that plays is interrupted.
"use strict";

const live = document.getElementById("live");
const footage = document.getElementById("footage");
const lost = document.getElementById("lost");
let shown = "";

async function load(part) {
  const answer = await fetch(part.dataset.url, { headers: { Accept: "text/html" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}

function replace(html) {
  if (html === shown) return;
  const focused = document.activeElement?.id;
  live.innerHTML = shown = html;
  if (focused) document.getElementById(focused)?.focus();
}

function prepend(html) {
  const cards = new DOMParser().parseFromString(html, "text/html").querySelectorAll("article");
  for (const card of [...cards].reverse())
    if (!document.getElementById(card.id)) footage.prepend(document.adoptNode(card));
}

async function look() {
  try {
    if (!document.hidden) {
      replace(await load(live));
      prepend(await load(footage));
      lost.hidden = true;
    }
  } catch {
    lost.hidden = false;
  }
  setTimeout(look, 2000);
}

setTimeout(look, 2000);
