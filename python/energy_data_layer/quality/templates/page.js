const root = document.documentElement;
const buttons = document.querySelectorAll("[data-language]");
const isLanguage = (name) => [...buttons].some((button) => button.dataset.language === name);
function show(language) {
  root.lang = language;
  document.title = root.getAttribute(`data-title-${language}`);
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === language));
}
function showWhatTheAddressNames() {
  const language = location.hash.slice(1);
  if (isLanguage(language)) show(language);
}
for (const button of buttons) {
  button.addEventListener("click", () => {
    location.hash = button.dataset.language;
    show(button.dataset.language);
  });
}
for (const link of document.querySelectorAll("a[href^='#']")) {
  // The address keeps the language; the link moves there all the same.
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const section = document.querySelector(link.getAttribute("href"));
    section.tabIndex = -1;
    section.focus();
    section.scrollIntoView();
  });
}

// A picture is stepped through like a slider, by pointer or keys: at each place it has a text.
const DAY = 86400000;
const tip = document.body.appendChild(document.createElement("div"));
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
const cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
cursor.setAttribute("class", "cursor");
const clamp = (number, low, high) => Math.min(Math.max(number, low), high);
const legend = (name) => document.querySelector(`.legend [data-${name}]`)?.innerText.trim();
const moment = (time, length) => new Date(time).toISOString().slice(0, length).replace("T", " ");

function seriesOf(svg) {
  const first = Date.parse(`${svg.dataset.first}Z`);
  const [left, right, top, bottom, low, high] = svg.dataset.frame.split(" ").map(Number);
  const points = svg.dataset.points.split(" ").map((text) => text.split(","));
  const span = points.at(-1)[0] || 1;
  const x = ([hour]) => left + (hour / span) * (right - left);
  const y = ([, value]) => bottom - ((value - low) / (high - low)) * (bottom - top);
  return {
    inside: svg,
    first: 0,
    last: points.length - 1,
    start: Math.max(points.findIndex(([, , code]) => code), 0),
    step: (index, key) => index + { ArrowLeft: -1, ArrowRight: 1, PageUp: -24, PageDown: 24 }[key],
    nearest: (at) => points.reduce((best, one, index) => (Math.abs(x(one) - at.x) < Math.abs(x(points[best]) - at.x) ? index : best), 0),
    outline: (index) => `M${x(points[index])} ${top}V${bottom}` + (points[index][1] && `M${x(points[index]) - 3} ${y(points[index])}a3 3 0 1 0 6 0a3 3 0 1 0-6 0`),
    text: (index) => {
      const [hour, value, code, from, to] = points[index];
      const interval = from && to ? ` (${from} – ${to})` : "";
      const number = value && `${value}${svg.dataset.unit && ` ${svg.dataset.unit}`}${interval}`;
      return [moment(first + hour * (DAY / 24), 16), number, code && legend(`code="${code}"`)].filter(Boolean).join(" · ");
    },
  };
}

function cellsOf(svg) {
  const inside = svg.querySelector("g");
  const kinds = [...inside.querySelectorAll("path")];
  const { cell } = svg.dataset;
  const wide = Number(svg.dataset.wide);
  const [height, drawn] = cell === "year" ? [16, 13] : [18, 18];
  const box = inside.getBBox();
  const [year, month, day] = svg.dataset.first.split("-").map(Number);
  const start = cell === "year" ? Date.UTC(year, 0) : Date.UTC(year, month - 1, cell === "day" ? day : 1);
  const time = (index) => (cell === "month" ? Date.UTC(year, month - 1 + index) : start + index * DAY);
  const place = (index) => {
    if (cell !== "year") return [index, 0];
    const at = new Date(time(index)).getUTCFullYear();
    return [(time(index) - Date.UTC(at, 0)) / DAY, at - year];
  };
  const indexOf = (column, row) => (cell === "year" ? (Date.UTC(year + row, 0, 1 + column) - start) / DAY : column);
  const stateOf = (index) => {
    const [column, row] = place(index);
    return kinds.find((kind) => kind.isPointInFill(new DOMPoint((column + 0.5) * wide, row * height + 6)))?.getAttribute("class");
  };
  const rows = cell === "year" ? Math.round((box.y + box.height) / height) : 1;
  const step = (index, key) => {
    const years = cell === "year" && { ArrowUp: -1, ArrowDown: 1 }[key];
    const [column, row] = place(index);
    return years ? indexOf(column, row + years) : index + { ArrowLeft: -1, ArrowRight: 1 }[key];
  };
  let first = cell === "year" ? 0 : Math.round(box.x / wide);
  let last = cell === "year" ? indexOf(0, rows) - 1 : Math.round((box.x + box.width) / wide) - 1;
  while (first < last && !stateOf(first)) first += 1;
  while (first < last && !stateOf(last)) last -= 1;
  return {
    inside,
    first,
    last,
    start: first,
    step,
    nearest: (at) => indexOf(Math.floor(at.x / wide), clamp(Math.floor(at.y / height), 0, rows - 1)),
    outline: (index) => `M${place(index)[0] * wide} ${place(index)[1] * height}h${wide}v${drawn}h-${wide}z`,
    text: (index) => {
      const state = stateOf(index);
      return `${moment(time(index), cell === "month" ? 7 : 10)} · ${state ? legend(`state="${state}"`) : "–"}`;
    },
  };
}

function hide() {
  tip.hidden = true;
  cursor.remove();
}

function makeReadable(svg) {
  let picture;
  let index;
  // What a closed part of the page shows cannot be measured before it is open.
  const open = () => (picture ??= svg.dataset.points ? seriesOf(svg) : cellsOf(svg));
  const go = (wanted) => {
    index = clamp(wanted, open().first, picture.last);
    picture.inside.append(cursor);
    cursor.setAttribute("d", picture.outline(index));
    tip.textContent = picture.text(index);
    tip.hidden = false;
    for (const [name, value] of [["min", picture.first], ["max", picture.last], ["now", index], ["text", tip.textContent]]) svg.setAttribute(`aria-value${name}`, value);
    const at = cursor.getBoundingClientRect();
    const above = at.top - tip.offsetHeight - 6;
    tip.style.left = `${clamp(at.left + at.width / 2 - tip.offsetWidth / 2, 4, root.clientWidth - tip.offsetWidth - 4) + scrollX}px`;
    tip.style.top = `${(above < 0 ? at.bottom + 6 : above) + scrollY}px`;
  };
  const point = (event) => go(open().nearest(new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.inside.getScreenCTM().inverse())));
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("focus", () => svg.matches(":focus-visible") && go(index ?? open().start));
  svg.addEventListener("keydown", (event) => {
    const { first, last, start, step } = open();
    const wanted = { Home: first, End: last }[event.key] ?? step(index ?? start, event.key);
    if (event.key === "Escape") hide();
    if (Number.isNaN(wanted)) return;
    event.preventDefault();
    go(wanted);
    cursor.scrollIntoView({ block: "nearest", inline: "nearest" });
    go(wanted);
  });
  for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-readonly": true, "aria-valuemin": 0, "aria-valuemax": 1, "aria-valuenow": 0 })) svg.setAttribute(name, value);
}

for (const svg of document.querySelectorAll("[data-points], [data-cell]")) makeReadable(svg);
for (const body of document.querySelectorAll(".coverage tbody")) {
  // The strips of a table are one stop of the Tab key; arrows go from one to the next.
  const strips = [...body.querySelectorAll("[data-cell]")];
  strips.forEach((strip, row) => {
    strip.tabIndex = row ? -1 : 0;
    strip.addEventListener("keydown", (event) => {
      const other = strips[row + { ArrowUp: -1, ArrowDown: 1 }[event.key]];
      if (!other) return;
      event.preventDefault();
      strip.tabIndex = -1;
      other.tabIndex = 0;
      other.focus();
    });
  });
}
document.querySelector(".languages").hidden = false;
show(root.lang);
showWhatTheAddressNames();
addEventListener("hashchange", showWhatTheAddressNames);
