// Ctrl-Space in a text of the workbench: the words that fit what stands before the cursor, in a list beside the text.

const form = document.getElementById("workbench");
const MOST = 12;
const ENDS = /[$\p{L}\p{N}_.-]*$/u;
let open = null;

function close() {
  open?.list.remove();
  open?.text.removeAttribute("aria-activedescendant");
  open = null;
}

async function known() {
  const data = new FormData(form);
  data.set("do", "words");
  const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Part": "yes" } });
  if (!answer.ok || answer.redirected) return [];
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [...part.querySelectorAll('[data-part="vocabulary"] dt')].map((word) => ({
    word: word.textContent,
    about: word.nextElementSibling.textContent,
    field: word.dataset.field,
  }));
}

function before(text) {
  return ENDS.exec(text.value.slice(0, text.selectionStart))[0];
}

// The field whose value is being written, such as `kind` in `kind: rev` and `methods` in `methods: [cash, bi`.
function field(text) {
  const line = text.value.slice(text.value.lastIndexOf("\n", text.selectionStart - 1) + 1, text.selectionStart);
  return /([a-z_]+): +(?:\[[^\]]*)?[$\p{L}\p{N}_.-]*$/u.exec(line)?.[1];
}

function low(text) {
  const lines = text.value.slice(0, text.selectionStart).split("\n").length;
  return lines * parseFloat(getComputedStyle(text).lineHeight) - text.scrollTop > text.clientHeight / 2;
}

function fitting() {
  const begun = before(open.text).toLowerCase();
  const within = field(open.text);
  const own = open.words.filter((each) => each.field && [within, `${within}s`].includes(each.field));
  const found = (own.length ? own : open.words).filter((each) => each.word.toLowerCase().includes(begun));
  // The few words of a field are all shown.
  const first = found.filter((each) => each.word.toLowerCase().startsWith(begun));
  return [...new Set([...first, ...found])].slice(0, own.length || MOST);
}

function draw(chosen = 0) {
  open.shown = fitting();
  open.chosen = Math.max(0, Math.min(chosen, open.shown.length - 1));
  open.list.replaceChildren(
    ...open.shown.map((each, place) => {
      const item = document.createElement("li");
      const word = document.createElement("code");
      word.textContent = each.word;
      item.append(word, ` ${each.about}`);
      item.id = `complete-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", place === open.chosen);
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(place);
      });
      return item;
    }),
  );
  if (!open.shown.length) return close();
  open.text.setAttribute("aria-activedescendant", `complete-${open.chosen}`);
  open.list.children[open.chosen].scrollIntoView({ block: "nearest" });
}

function take(place) {
  const { text, shown } = open;
  text.setRangeText(shown[place].word, text.selectionStart - before(text).length, text.selectionStart, "end");
  close();
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

async function begin(text) {
  close();
  const words = await known();
  if (document.activeElement !== text || !words.length) return;
  const list = document.createElement("ul");
  // Never over the line that is being written.
  list.className = low(text) ? "completion high" : "completion";
  list.id = "completion";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.words);
  text.after(list);
  text.setAttribute("aria-controls", list.id);
  open = { text, list, words };
  draw();
}

for (const text of form.querySelectorAll(".editor textarea")) {
  text.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.code === "Space") {
      event.preventDefault();
      begin(text);
      return;
    }
    if (!open || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) draw((open.chosen + step + open.shown.length) % open.shown.length);
    else if (event.key === "Enter" || event.key === "Tab") take(open.chosen);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  text.addEventListener("input", () => open && draw());
  text.addEventListener("click", close);
  text.addEventListener("blur", close);
}
