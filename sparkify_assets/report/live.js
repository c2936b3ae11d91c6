// Asks whether there is a newer report while somebody looks, and shows it at once unless this one is being read.
"use strict";

const news = document.getElementById("news");
const opened = () => document.querySelectorAll("details[open]").length;
const openedAtFirst = opened();

function isRead() {
  return scrollY > 0 || opened() !== openedAtFirst || document.activeElement !== document.body;
}

function offer() {
  const link = document.createElement("a");
  link.href = "/";
  link.textContent = "Show it";
  news.replaceChildren("There is a newer report. ", link);
  news.setAttribute("role", "status");
  news.className = "news fresh";
}

async function ask() {
  if (document.hidden || news.classList.contains("fresh")) return;
  let told;
  try {
    told = await (await fetch("/state")).json();
  } catch {
    told = { edition: news.dataset.edition, text: "`sparkify dev` does not answer any more: this is its last report." };
  }
  if (told.edition === news.dataset.edition) {
    if (news.textContent !== told.text) news.textContent = told.text;
  } else if (isRead()) {
    offer();
  } else {
    location.reload();
  }
}

if (news) {
  setInterval(ask, 3000);
  document.addEventListener("visibilitychange", ask);
}
