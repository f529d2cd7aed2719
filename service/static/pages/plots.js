// Draws the figures of a table: each `.plot` names a table and a group of its columns. The figures stay in the table.

const day = (text) => Date.parse(`${text}T00:00:00Z`) / 1000;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const LINES = ["--accent", "--bad", "--warn", "--good", "--soft"];

function draw(place) {
  const table = document.getElementById(place.dataset.of);
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.map((head, at) => ({ head, at })).filter(({ head }) => head.dataset.group === place.dataset.group);
  const rows = [...table.tBodies[0].rows];
  const values = (at) => rows.map((row) => Number(row.cells[at].dataset.value));
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  const options = {
    width: place.clientWidth,
    height: 240,
    legend: { live: false },
    padding: [null, 40, null, null],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((at) => new Date(at * 1000).toISOString().slice(0, 10)), space: 90 },
      { ...axis, size: 70, values: (_, ticks) => ticks.map((each) => each.toLocaleString()) },
    ],
    scales: { y: { range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(1, most ?? 1) * 1.05] } },
    series: [
      { value: (_, at) => (at === null ? "–" : new Date(at * 1000).toISOString().slice(0, 10)), label: heads[0].textContent },
      ...columns.map(({ head }, number) => ({
        label: head.textContent,
        stroke: colour(LINES[number % LINES.length]),
        width: 2,
        // Where lines lie on one another, those below are seen through those above.
        dash: number ? [12 / number, 12] : undefined,
        points: { show: rows.length < 100 },
        value: (_, value) => (value === null ? "–" : value.toLocaleString()),
      })),
    ],
  };
  const data = [rows.map((row) => day(row.cells[0].dataset.value)), ...columns.map(({ at }) => values(at))];
  place.replaceChildren();
  return new uPlot(options, data, place);
}

for (const place of document.querySelectorAll(".plot")) {
  let plot = draw(place);
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 240 })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot.destroy();
    plot = draw(place);
  });
}
