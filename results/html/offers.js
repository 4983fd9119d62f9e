// Time against cost: which offers are shown, and the scatter they make.
const FIELDS = ['cost', 'time', 'instance', 'service', 'region', 'gpu', 'rate', 'grade', 'price',
  'provider', 'accelerator', 'spot', 'usdPerHour', 'sLow', 'sMid', 'sHigh', 'uLow', 'uMid', 'uHigh',
  'bill', 'amounts'];
const SHAPES = ['circle', 'diamond']; // on demand, spot
const SHAPE_NAMES = ['on demand', 'spot'];

const unpack = (workload) => workload.offers.map((row, place) => {
  const offer = Object.fromEntries(row.map((cell, i) => [FIELDS[i], cell]));
  return { ...offer, place: place + 1, workload };
});

const SECONDS = { s: 1, m: 60, min: 60, h: 3600, d: 86400 };
// `4h` in seconds; null for nothing, NaN for what is no duration.
const parseSeconds = (given) => {
  if (!given.trim()) return null;
  const found = /^\s*(\d+(?:\.\d+)?)\s*(s|m|min|h|d)\s*$/.exec(given);
  return found ? Number(found[1]) * SECONDS[found[2]] : NaN;
};
const parseUsd = (given) => {
  if (!given.trim()) return null;
  return /^\s*\$?\s*\d+(\.\d+)?\s*$/.test(given) ? Number(given.replace('$', '')) : NaN;
};

const passes = (offer, asked) => asked.clouds.has(offer.provider)
  && (!asked.region || offer.region === asked.region)
  && (!asked.gpu || offer.accelerator === asked.gpu)
  && (asked.spot === '' || offer.spot === Number(asked.spot))
  && (asked.seconds === null || offer.sHigh <= asked.seconds)
  && (asked.usd === null || offer.uHigh <= asked.usd);

// Those that no other beats in both time and cost, by their middles, the fastest first.
const undominated = (offers) => {
  const best = [];
  const sorted = [...offers].sort((a, b) => a.sMid - b.sMid || a.uMid - b.uMid);
  for (const offer of sorted) {
    if (!best.length || offer.uMid < best[best.length - 1].uMid) best.push(offer);
  }
  return best;
};

// Lines of the bill: name, time, cost. Names and times are kept once for all offers that share them.
const bill = (offer) => (offer.workload.bills[offer.bill] ?? [])
  .map(([name, time], i) => [name, time, offer.amounts[i]]);
const NO_BILL = 'No itemised bill is on record: quote again.';
const headline = (offer) => `${offer.place}. ${offer.service} ${offer.instance}, ${offer.region}`;
const inWords = (offer) => {
  const items = bill(offer).map(([name, , usd]) => `${name} ${usd}`).join(', ');
  return `${headline(offer)}: ${offer.cost}, ${offer.time}, ${offer.grade}. `
    + `$${offer.rate} an hour, price ${offer.price}. ${items ? `Bill: ${items}.` : NO_BILL}`;
};

const bubble = (offer) => {
  const box = element('div', undefined, 'bubble');
  box.append(element('strong', headline(offer)), element('div', `${offer.cost} · ${offer.time}`));
  box.append(element('div', `$${offer.rate} an hour · price ${offer.price} · ${offer.grade}`));
  const lines = bill(offer);
  if (!lines.length) {
    box.append(element('div', NO_BILL));
    return box;
  }
  const table = element('table');
  table.append(element('caption', 'Bill, 80% intervals'));
  for (const [name, time, usd] of lines) {
    const row = table.insertRow();
    row.append(element('td', name), element('td', time, 'n'), element('td', usd, 'n'));
  }
  box.append(table);
  return box;
};

// All intervals of one cloud are one shape: thousands of single lines would make filtering slow.
echarts.graphic.registerShape('crosses', echarts.graphic.extendShape({
  shape: { lines: [] },
  buildPath: (path, { lines }) => {
    for (const [x1, y1, x2, y2] of lines) {
      path.moveTo(x1, y1);
      path.lineTo(x2, y2);
    }
  },
}));
const crosses = (groups) => (params, api) => {
  const { offers, style } = groups[api.value(2)];
  const lines = offers.flatMap((o) => {
    const [left, low] = api.coord([o.sLow, o.uLow]);
    const [right, high] = api.coord([o.sHigh, o.uHigh]);
    const [x, y] = api.coord([o.sMid, o.uMid]);
    return [[left, y, right, y], [x, low, x, high]];
  });
  return { type: 'crosses', shape: { lines }, style: { fill: 'none', lineWidth: 1, ...style } };
};

const within = (ticks, low, high) => ticks.filter(([at]) => at >= low && at <= high);
const logAxis = (name, ticks, low, high, more) => {
  const shown = within(ticks, low, high);
  const labels = new Map(shown);
  const values = shown.map(([at]) => at);
  return axis({
    type: 'log', name, nameLocation: 'middle', min: low, max: high,
    axisTick: { customValues: values },
    ...more,
    axisLabel: {
      color: colour('ink'), hideOverlap: true, customValues: values,
      formatter: (value) => labels.get(value) ?? nearest(labels, value),
    },
  });
};
// A logarithm and back may miss the value by a rounding error.
const nearest = (labels, value) => {
  for (const [at, label] of labels) if (Math.abs(at / value - 1) < 1e-6) return label;
  return '';
};

const FEW = 40; // up to here all intervals are plain to see; of more each is drawn fainter
const bars = (offers, best) => {
  const faint = Math.max(0.015, Math.min(0.7, FEW / 2 / offers.length));
  const front = new Set(best);
  const groups = CLOUDS.flatMap((cloud) => [false, true].map((isFront) => ({
    offers: offers.filter((o) => o.provider === cloud && front.has(o) === isFront),
    style: { stroke: colour(cloud), opacity: isFront ? 0.6 : faint },
  })));
  return {
    id: 'bars', type: 'custom', silent: true, z: 1, renderItem: crosses(groups), clip: true,
    data: offers.length ? groups.map((_, i) => [offers[0].sMid, offers[0].uMid, i]) : [],
  };
};
// By place, not the offer itself: ECharts copies deeply all that it is given.
// Those on the line are larger, drawn above the others, and its two ends are named.
const marks = (offers, best, chart, middle) => {
  const onLine = new Set(best);
  const many = offers.length > FEW;
  const size = (spot, isFront) => (spot ? 2 : 0) + (isFront ? 11 : many ? 6 : 9);
  return CLOUDS.flatMap((cloud) => [0, 1].flatMap((spot) => [false, true].map((isFront) => ({
    id: `${cloud} ${spot}${isFront ? ' front' : ''}`, type: 'scatter', z: isFront ? 5 : 3,
    symbol: SHAPES[spot], symbolSize: size(spot, isFront),
    itemStyle: {
      color: colour(cloud), borderColor: colour(isFront ? 'ink' : 'paper'), borderWidth: 1,
      opacity: isFront || !many ? 1 : 0.6,
    },
    data: offers.filter((o) => o.provider === cloud && o.spot === spot && onLine.has(o) === isFront)
      .map((o) => {
        const value = [o.sMid, o.uMid, o.place];
        const label = isFront && nameOf(o, best, chart, middle);
        return label ? { value, label } : value; // bare values are quicker
      }),
  }))));
};
const nameOf = (offer, best, chart, middle) => {
  const ends = { cheapest: best[best.length - 1], fastest: best[0] };
  const word = Object.keys(ends).find((name) => ends[name] === offer);
  if (!word || best.length < 2) return undefined;
  const said = narrow(chart) ? word : `${word}: ${offer.instance}, ${offer.cost}, ${offer.time}`;
  return {
    show: true, formatter: said, ...text(), fontWeight: 600,
    // Beside its own bars, and towards the middle of the chart, where there is room.
    position: word === 'fastest' ? 'top' : 'bottom', distance: 6,
    align: offer.sMid > middle ? 'right' : 'left',
    backgroundColor: colour('paper'), padding: [1, 4], borderRadius: 3,
  };
};
const front = (best) => ({
  id: 'front', type: 'line', silent: true, z: 4, symbol: 'none', step: 'end',
  lineStyle: { color: colour('ink'), width: 1.5, type: 'dashed' },
  data: best.map((o) => [o.sMid, o.uMid]),
});
const ring = (offer) => ({
  id: 'ring', type: 'scatter', silent: true, z: 6, symbolSize: 20,
  itemStyle: { color: 'transparent', borderColor: colour('ink'), borderWidth: 2 },
  data: offer ? [[offer.sMid, offer.uMid]] : [],
});

const drawScatter = (chart, shown, chosen, ticks) => {
  const best = undominated(shown);
  const ends = (a, b) => (shown.length
    ? [0.8 * Math.min(...shown.map((o) => o[a])), 1.25 * Math.max(...shown.map((o) => o[b]))]
    : [1, 10]);
  const [left, right] = ends('sLow', 'sHigh');
  const [low, high] = ends('uLow', 'uHigh');
  chart.setOption({
    animation: false,
    textStyle: text(),
    tooltip: tooltip((at) => bubble(shown.find((o) => o.place === at.value[2]))),
    grid: { left: narrow(chart) ? 58 : 76, right: 18, top: 14, bottom: 46 },
    xAxis: logAxis('time of the whole job', ticks.time, left, right, { nameGap: 28 }),
    yAxis: logAxis('cost', ticks.usd, low, high, { nameGap: narrow(chart) ? 46 : 60 }),
    series: [bars(shown, best), ...marks(shown, best, chart, Math.sqrt(left * right)), front(best), ring(chosen)],
  }, { replaceMerge: ['series'] });
};
