// The smaller charts. Each draws one `kind` of chart that results/html/*.py describes.
const rowsGrid = (chart, legend) => ({
  left: 8, right: 24, top: legend ? 34 : 10, bottom: 42, containLabel: true,
});
const rowsAxis = (spec) => axis({
  type: 'category', data: spec.categories, inverse: true, splitLine: { show: false },
  axisTick: { show: false },
  axisLabel: { color: colour('ink'), width: 150, overflow: 'truncate' },
});
const valueAxis = (spec, more) => axis({
  type: 'value', name: spec.label, nameLocation: 'middle', nameGap: 28,
  ...more,
});
// An axis from the first to the second value, longer where the data is.
const holding = ([low, high]) => ({
  min: (ends) => Math.min(low, ends.min), max: (ends) => Math.max(high, Math.ceil(ends.max)),
});
const legendOf = (spec) => ({
  type: 'scroll', top: 0, left: 8, icon: 'rect', textStyle: text(), pageTextStyle: text(),
  data: spec.series.map((s) => s.name),
});
const spread = (points) => {
  const values = points.map((p) => p[1]);
  return Math.max(...values) / Math.min(...values);
};
const manyPoints = (spec) => spec.series.reduce((n, s) => n + s.points.length, 0) > 150;
const rowsHeight = (spec) => 110 + 34 * spec.categories.length;

const KINDS = {
  stack: {
    height: rowsHeight,
    option: (spec, chart) => ({
      color: seriesColours(),
      legend: legendOf(spec),
      grid: rowsGrid(chart, true),
      xAxis: valueAxis(spec, { max: 100 }),
      yAxis: rowsAxis(spec),
      tooltip: tooltip((at) => element('div', `${at.name}: ${at.seriesName} ${at.data.text}`)),
      series: spec.series.map((s) => ({
        type: 'bar', stack: 'all', name: s.name, barMaxWidth: 22,
        itemStyle: { borderColor: colour('paper'), borderWidth: 1 },
        data: s.values.map((value, i) => ({ value: value ?? '-', text: s.texts[i] })),
      })),
    }),
  },
  strip: {
    height: rowsHeight,
    option: (spec, chart) => ({
      grid: rowsGrid(chart, true),
      legend: { ...legendOf({ series: [{ name: 'undisturbed' }, { name: 'disturbed' }] }), icon: undefined },
      xAxis: valueAxis(spec, spread(spec.points) > 8 ? { type: 'log' } : { scale: true }),
      yAxis: rowsAxis(spec),
      tooltip: tooltip((at) => element('div', `${spec.categories[at.data[1]]}: ${at.data[0]}% of the median, ${at.seriesName}`)),
      series: ['undisturbed', 'disturbed'].map((name, bad) => ({
        type: 'scatter', name, symbol: bad ? 'triangle' : 'circle', symbolSize: bad ? 10 : 7,
        itemStyle: { color: colour(bad ? 's1' : 's0'), opacity: 0.75 },
        symbolOffset: [0, 0],
        data: spec.points.filter((p) => p[2] === bad).map(([row, x]) => [x, row]),
      })),
    }),
  },
  lines: {
    height: () => 320,
    option: (spec, chart) => ({
      color: seriesColours(),
      legend: legendOf(spec),
      grid: { ...rowsGrid(chart, true), bottom: 24, top: 56 },
      xAxis: axis(spec.x === 'time' ? { type: 'time' } : { type: 'log', logBase: 2 }),
      yAxis: axis({ type: 'value', scale: true, name: spec.label, nameTextStyle: { align: 'left', color: colour('ink') } }),
      tooltip: tooltip((at) => element('div', at.data.text)),
      series: spec.series.flatMap((s, i) => [
        {
          type: 'line', name: s.name, color: colour(`s${i % 8}`), symbol: MARKS[i % MARKS.length], symbolSize: manyPoints(spec) ? 4 : 8,
          data: s.points.map((p) => ({ value: [p[0], p[1]], text: p[4], ...VERDICT_MARKS[p[5]] })),
        },
        whiskers(
          manyPoints(spec) ? [] : s.points.map(([x, , low, high]) => [x, low, high]),
          colour(`s${i % 8}`), false,
        ),
      ]),
    }),
  },
  bars: {
    height: rowsHeight,
    option: (spec, chart) => ({
      grid: rowsGrid(chart, false),
      xAxis: valueAxis(spec, { min: 0 }),
      yAxis: rowsAxis(spec),
      tooltip: tooltip((at) => element('div', `${at.name}: ${at.data.text}`)),
      series: [{
        type: 'bar', barMaxWidth: 22, itemStyle: { color: colour('s0') },
        data: spec.values.map((value, i) => ({ value, text: spec.texts[i] })),
      }],
    }),
  },
  range: {
    height: rowsHeight,
    option: (spec, chart) => ({
      grid: rowsGrid(chart, false),
      xAxis: valueAxis(spec, spec.axis ? holding(spec.axis) : { scale: true }),
      yAxis: rowsAxis(spec),
      tooltip: tooltip((at) => element('div', at.data.text)),
      series: [
        whiskers(spec.ranges.map(([low, high], row) => [row, low, high]), colour('s0'), true),
        {
          type: 'scatter', symbolSize: 11, itemStyle: { color: colour('s1') },
          data: spec.ranges.map(([, , actual, said], row) => ({ value: [actual, row], text: said })),
        },
      ],
    }),
  },
};
const VERDICT_MARKS = {
  slower: { symbol: 'triangle', symbolSize: 11 },
  faster: { symbol: 'triangle', symbolSize: 11, symbolRotate: 180 },
  same: { symbol: 'circle' },
  first: { symbol: 'circle' },
  ambiguous: { symbol: 'emptyCircle' },
};
const MARKS = ['circle', 'diamond', 'triangle', 'rect', 'roundRect', 'pin'];

// Intervals as bars with ends: [place, low, high], along x where `flat`.
const whiskers = (points, stroke, flat) => ({
  type: 'custom', silent: true, data: points,
  encode: flat ? { x: [1, 2], y: 0 } : { x: 0, y: [1, 2] },
  renderItem: (params, api) => {
    const at = (value) => api.coord(flat ? [value, api.value(0)] : [api.value(0), value]);
    const [[x1, y1], [x2, y2]] = [at(api.value(1)), at(api.value(2))];
    const cap = flat ? [0, 5] : [5, 0];
    const line = (a, b, c, d) => ({ type: 'line', shape: { x1: a, y1: b, x2: c, y2: d }, style: { stroke, lineWidth: 1.5 } });
    const end = (x, y) => line(x - cap[0], y - cap[1], x + cap[0], y + cap[1]);
    return { type: 'group', children: [line(x1, y1, x2, y2), end(x1, y1), end(x2, y2)] };
  },
});

const drawSmall = (box) => {
  const spec = data.charts[box.dataset.chart];
  const kind = KINDS[spec.kind];
  box.hidden = false;
  box.style.height = `${kind.height(spec)}px`;
  addChart(box, (chart) => chart.setOption(
    { animation: false, textStyle: text(), ...kind.option(spec, chart) }, { notMerge: true },
  ));
};
