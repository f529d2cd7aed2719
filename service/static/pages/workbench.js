// The workbench of authors: line numbers, marks on the lines that have problems, and what is told of a text as one types.
// Without it the buttons do the same by loading the page again.

const form = document.getElementById("workbench");
const editors = new Map();
const QUIET_MS = 600;
// Where what came of a button is told.
const RESULTS = {
  check: "problems-status",
  words: "vocabulary",
  test: "scenarios-status",
  "test try": "tried-status",
  open: "scenario-file",
};
let asking = null;
let waiting = null;
let leaving = false;

function editor(place) {
  const text = place.querySelector("textarea");
  const gutter = place.querySelector(".gutter");
  const bands = place.querySelector(".bands");
  const begun = text.value;
  let marks = new Map();
  // Kept here, because to ask for it lays out the whole page.
  let scrolled = 0;
  // So many stand there before there is a script.
  let lines = gutter.textContent.split("\n").length;

  const count = () => text.value.split("\n").length;

  // The numbers are one text: a browser lays out an element for each line only slowly.
  function number() {
    lines = count();
    const numbers = document.createElement("div");
    const tinted = document.createElement("div");
    let from = 1;
    const plain = (until) => {
      numbers.append(Array.from({ length: until - from }, (_, at) => `${from + at}\n`).join(""));
      from = until;
    };
    for (const [line, mark] of [...marks].sort(([one], [other]) => one - other)) {
      if (line > lines) break;
      plain(line);
      const each = document.createElement("span");
      each.textContent = `${mark === "problem" ? "✕" : "!"} ${line}`;
      const band = document.createElement("div");
      each.className = band.className = mark;
      band.style.top = `calc(${line - 1} * var(--line-height))`;
      numbers.append(each, "\n");
      tinted.append(band);
      from = line + 1;
    }
    plain(lines + 1);
    gutter.replaceChildren(numbers);
    bands.replaceChildren(tinted);
    follow();
  }

  function follow(to = scrolled) {
    scrolled = to;
    for (const each of [gutter, bands]) each.firstElementChild?.style.setProperty("transform", `translateY(${-scrolled}px)`);
  }

  function mark(found) {
    if (!found.size && !marks.size && count() === lines) return;
    marks = found;
    number();
  }

  function go(line, column) {
    const before = text.value.split("\n").slice(0, line - 1);
    const at = before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
    text.focus();
    text.setSelectionRange(at, at);
    const height = parseFloat(getComputedStyle(text).lineHeight);
    text.scrollTop = Math.max(0, (line - 4) * height);
    follow(text.scrollTop);
  }

  text.addEventListener("scroll", () => follow(text.scrollTop));
  text.addEventListener("input", () => {
    if (count() !== lines) number();
    later();
  });
  return { text, mark, go, changed: () => text.value !== begun };
}

// Every editor that is on the page, one that was opened just now too, with its marks.
function marked() {
  for (const place of form.querySelectorAll(".editor"))
    if (!editors.has(place.dataset.of)) editors.set(place.dataset.of, editor(place));
  for (const [name, each] of editors) {
    const found = new Map();
    for (const link of form.querySelectorAll(`.problems .goto[data-of="${name}"]`)) {
      const kind = link.closest("li").className;
      if (found.get(Number(link.dataset.line)) !== "problem") found.set(Number(link.dataset.line), kind);
    }
    each.mark(found);
  }
}

function later() {
  clearTimeout(waiting);
  // A file that is not opened is there all the same.
  const some = !editors.has("scenarios") || editors.get("scenarios").text.value.trim();
  waiting = setTimeout(() => ask(some ? "check test" : "check"), QUIET_MS);
}

function show(parts, filled) {
  const focused = document.activeElement?.id;
  for (const part of parts.querySelectorAll("[data-part]")) {
    const place = form.querySelector(`[data-part="${part.dataset.part}"]`);
    // A form that is being filled in stays as it is, unless something was put into it.
    if (place && !(part.dataset.part === "case" && !filled && place.querySelector("#example")))
      place.replaceChildren(...part.childNodes);
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  marked();
}

function post(data, signal) {
  return fetch(form.action, { method: "POST", body: data, headers: { "X-Part": "yes" }, signal });
}

function over(answer) {
  return answer.status === 403 || answer.redirected;
}

// Whether somebody is signed in still, or again: then the forms of this page are sent in that session.
async function signedIn() {
  const page = await fetch("/author");
  if (!page.ok || page.redirected) return false;
  const token = new DOMParser().parseFromString(await page.text(), "text/html").querySelector('[name="form_token"]');
  if (!token) return false;
  for (const each of document.querySelectorAll('[name="form_token"]')) each.value = token.value;
  return true;
}

function tellSignedOut() {
  const told = document.createElement("p");
  told.className = "mistake";
  told.append(`${form.dataset.signedOut} `);
  const link = document.createElement("a");
  link.href = "/start";
  link.target = "_blank";
  link.textContent = form.dataset.signIn;
  told.append(link);
  const place = form.querySelector('[data-part="problems-status"]');
  place.replaceChildren(told);
  place.scrollIntoView({ block: "nearest" });
  form.removeAttribute("aria-busy");
}

async function handOver(button) {
  if (!(await signedIn())) return tellSignedOut();
  leaving = true;
  form.action = button.formAction;
  form.submit();
}

async function ask(what, button = null, pressed = false) {
  clearTimeout(waiting);
  asking?.abort();
  const mine = (asking = new AbortController());
  const data = new FormData(form);
  data.set("do", what);
  if (button) data.set(button.name, button.value);
  form.setAttribute("aria-busy", "true");
  try {
    let answer = await post(data, mine.signal);
    // Somebody who signed in again in another window has another token.
    if (over(answer) && (await signedIn())) {
      data.set("form_token", form.elements.form_token.value);
      answer = await post(data, mine.signal);
    }
    if (over(answer)) return tellSignedOut();
    if (!answer.ok) throw new Error(answer.status);
    const parts = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(parts, /fill|try/.test(what));
    if (pressed) {
      const place = form.querySelector(`[data-part="${RESULTS[what] ?? "case"}"]`);
      const folded = form.querySelector("[data-opens]");
      if (parts.querySelector(`[data-part="${folded.dataset.opens}"]`)) folded.open = true;
      place?.scrollIntoView({ block: "nearest" });
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    const told = document.createElement("p");
    told.className = "mistake";
    told.textContent = form.dataset.failed;
    form.querySelector('[data-part="problems-status"]').replaceChildren(told);
  }
  if (asking === mine) form.removeAttribute("aria-busy");
}

form.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.name === "do") {
    event.preventDefault();
    ask(button.value, null, true).then(() => button.value === "open" && editors.get("scenarios")?.text.focus());
  } else if (button?.name === "speak") {
    event.preventDefault();
    ask("check", button);
  } else {
    event.preventDefault();
    handOver(button);
  }
});
form.addEventListener("click", async (event) => {
  const link = event.target.closest(".goto");
  if (!link) return;
  event.preventDefault();
  if (!editors.has(link.dataset.of)) await ask("open");
  editors.get(link.dataset.of)?.go(Number(link.dataset.line), Number(link.dataset.column ?? 1));
});
// The form of a request comes when it is looked at.
form.querySelector("[data-opens]").addEventListener("toggle", (event) => {
  const button = event.target.querySelector('[name="do"][value="case"]');
  if (event.target.open && button) ask(button.value, null, true);
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && [...editors.values()].some((each) => each.changed())) event.preventDefault();
});
marked();
