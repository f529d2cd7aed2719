// Proves in the browser that a decision stands in the signed log: RFC 9162 hashes by WebCrypto, Ed25519 where there is.
// What is compared comes from the service; the public key comes from whoever reads, and is sent nowhere.

const DASH = "\u2014 ";
const place = document.getElementById("proof");
const words = document.getElementById("proof-words").dataset;
const steps = document.getElementById("proof-steps");
const result = document.getElementById("proof-result");
const utf8 = new TextEncoder();

const bytesOf = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const hex = (bytes) => Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
const same = (one, other) => one.length === other.length && one.every((each, at) => each === other[at]);
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(parts)));

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of parts) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}

// Canonical JSON as RFC 8785 has it, for texts, whole numbers, true, false, null, lists and objects.
function canonical(data) {
  if (Array.isArray(data)) return `[${data.map(canonical).join(",")}]`;
  if (data !== null && typeof data === "object") {
    return `{${Object.keys(data).sort().map((name) => `${JSON.stringify(name)}:${canonical(data[name])}`).join(",")}}`;
  }
  return JSON.stringify(data);
}

const leafHash = (bytes) => sha256(Uint8Array.of(0), bytes);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// RFC 9162, section 2.1.3.2: the root that a proof leads to from a leaf; null where it is no proof for that place.
async function rootFrom(leaf, seq, size, hashes) {
  if (!(seq >= 0 && seq < size)) return null;
  // Shifts of JavaScript have 32 bits, and a log may be larger.
  let index = BigInt(seq), last = BigInt(size) - 1n, found = leaf;
  for (const each of hashes) {
    if (last === 0n) return null;
    if (index & 1n || index === last) {
      found = await nodeHash(each, found);
      while (!(index & 1n) && index) [index, last] = [index >> 1n, last >> 1n];
    } else {
      found = await nodeHash(found, each);
    }
    [index, last] = [index >> 1n, last >> 1n];
  }
  return last === 0n ? found : null;
}

// The text of a signed note (C2SP tlog-checkpoint), what it says, and its signatures.
function readNote(note) {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1);
  const [origin, size, root, ...rest] = text.split("\n");
  if (cut < 0 || rest.join("") !== "" || !/^\d+$/.test(size)) throw new Error("no checkpoint");
  const signatures = note.slice(cut + 2).split("\n").filter(Boolean).map((line) => {
    const [name, signature] = line.slice(DASH.length).split(" ");
    const data = bytesOf(signature);
    return { name, id: hex(data.slice(0, 4)), signature: data.slice(4) };
  });
  return { text, origin, size: Number(size), root: bytesOf(root), signatures };
}

// A public key as `recoup audit keys` prints it: NAME+ID+KEY. Null where the text is none.
async function readKey(text) {
  const [name, id, ...rest] = text.trim().split("+");
  try {
    const data = bytesOf(rest.join("+"));
    const own = await sha256(utf8.encode(`${name}\n`), data);
    return data.length === 33 && data[0] === 1 && hex(own.slice(0, 4)) === id ? { name, id, key: data.slice(1) } : null;
  } catch {
    return null;
  }
}

// Whether a note is signed by a key; a text where that cannot be told.
async function isSigned(note, text) {
  if (!text.trim()) return { open: true };
  const key = await readKey(text);
  if (key === null) return { good: false, told: words.key };
  const own = note.signatures.find((each) => each.name === key.name && each.id === key.id);
  if (own === undefined || note.origin !== key.name) return { good: false };
  let verifier;
  try {
    verifier = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return { open: true, told: words.ed25519 };
  }
  return { good: await crypto.subtle.verify({ name: "Ed25519" }, verifier, own.signature, utf8.encode(note.text)) };
}

// No signature to check; a key that is none is told all the same.
async function unsigned(text) {
  return text.trim() && (await readKey(text)) === null
    ? { good: false, told: words.key }
    : { open: true, told: words.unsigned };
}

function isShown(entry) {
  if (entry.kind !== "decision" || entry.reference !== place.dataset.id || entry.body?.id !== place.dataset.id) return false;
  const kept = JSON.parse(entry.body.data);
  return ["outcome", "points", "payout", "digest"].every((name) => String(kept[name]) === place.dataset[name]);
}

// Each step with whether it holds, or is open; `detail` is what was worked out.
async function check({ entry, proof, checkpoint }, keyText) {
  const { kind, reference, salt, digest, body } = entry;
  const found = {};
  try {
    found.shown = { good: isShown(entry) };
  } catch {
    found.shown = { good: false };
  }
  if (salt === null) {
    found.digest = { open: true };
  } else {
    const made = `sha256:${hex(await sha256(utf8.encode(canonical({ body, kind, reference, salt }))))}`;
    found.digest = { good: made === digest, detail: made };
  }
  const leaf = await leafHash(utf8.encode(canonical({ digest, kind, reference })));
  found.leaf = { good: same(leaf, bytesOf(proof.leaf_hash)), detail: base64(leaf) };
  const note = checkpoint && readNote(checkpoint.note);
  const size = note ? note.size : proof.size;
  const root = await rootFrom(leaf, entry.seq, size, proof.hashes.map(bytesOf));
  const holds = root !== null && same(root, note ? note.root : bytesOf(proof.root));
  found.root = { good: holds, open: holds && !note, detail: root ? base64(root) : "" };
  found.signature = note ? await isSigned(note, keyText) : await unsigned(keyText);
  return found;
}

function show(found) {
  let good = 0, bad = 0;
  for (const line of steps.children) {
    const { good: holds, open, told, detail } = found[line.dataset.step];
    const verdict = open ? "open" : holds ? "good" : "bad";
    good += verdict === "good";
    bad += verdict === "bad";
    line.querySelector(".badge").textContent = { open: words.not, good: words.yes, bad: words.no }[verdict];
    line.querySelector(".badge").className = `badge ${{ open: "warn", good: "good", bad: "bad" }[verdict]}`;
    line.querySelector(".verdict").textContent = told || line.dataset[verdict];
    line.querySelector("small").textContent = detail || "";
  }
  steps.hidden = false;
  say(bad ? "bad" : good === steps.children.length ? "good" : "open");
}

function say(verdict, text = words[verdict]) {
  result.textContent = text;
  result.className = verdict === "bad" ? "mistake" : `notice ${verdict === "good" ? "good" : "warn"}`;
}

// One character of the record, where it says how much is paid.
function altered(answer) {
  const { body } = answer.entry;
  const data = body.data.replace(/"payout":(\d)/, (_, digit) => `"payout":${(Number(digit) % 9) + 1}`);
  return { ...answer, entry: { ...answer.entry, body: { ...body, data } } };
}

place.hidden = false;
document.getElementById("proof-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!globalThis.crypto?.subtle) return say("bad", words.crypto);
  let answer;
  try {
    const got = await fetch(place.dataset.href);
    if (!got.ok) throw new Error(String(got.status));
    answer = await got.json();
  } catch {
    return say("bad", words.failed);
  }
  try {
    show(await check(event.submitter?.name === "alter" ? altered(answer) : answer, document.getElementById("key").value));
  } catch {
    // What came is not even of the form that it has to have.
    steps.hidden = true;
    say("bad");
  }
});
