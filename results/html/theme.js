// Colours and the options that all charts share. The palette is in style.css, once for both themes.
const $ = (id) => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const CLOUDS = ['aws', 'gcp', 'azure'];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const seriesColours = () => [0, 1, 2, 3, 4, 5, 6, 7].map((i) => colour(`s${i}`));

// A table's text never becomes markup: everything goes through textContent.
const element = (tag, text, className) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

const text = () => ({ color: colour('ink'), fontFamily: 'system-ui, sans-serif', fontSize: 13 });
const axis = (more) => ({
  axisLine: { lineStyle: { color: colour('line') } },
  axisLabel: { color: colour('ink'), hideOverlap: true },
  splitLine: { show: true, lineStyle: { color: colour('grid') } },
  nameTextStyle: { color: colour('ink') },
  ...more,
});
const tooltip = (formatter) => ({
  trigger: 'item',
  confine: true,
  transitionDuration: 0,
  backgroundColor: colour('paper'),
  borderColor: colour('line'),
  textStyle: text(),
  formatter,
});

const narrow = (chart) => chart.getWidth() < 520;
const charts = []; // [chart, draw] pairs, drawn anew when size or theme change
const addChart = (box, draw) => {
  const chart = echarts.init(box, null, { renderer: 'canvas' });
  charts.push([chart, draw]);
  draw(chart);
  return chart;
};
const redraw = () => charts.forEach(([chart, draw]) => { chart.resize(); draw(chart); });
