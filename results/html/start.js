// Puts the page together: filters, keys, theme, print.
const option = (value, label) => {
  const made = element('option', label);
  made.value = value;
  return made;
};
const fill = (select, first, values) => {
  const kept = select.value;
  select.replaceChildren(option('', first), ...values.map((v) => option(v, v)));
  if (values.includes(kept)) select.value = kept;
};
const distinct = (offers, field) => [...new Set(offers.map((o) => o[field]))].sort();

const startOffers = () => {
  const workloads = data.workloads.map(unpack);
  const table = new OfferTable($('offer-table'));
  let all = workloads[0];
  let shown = all;
  let chosen = null;
  const ticks = () => {
    const from = data.workloads[workloads.indexOf(all)];
    return { time: from.timeTicks, usd: from.usdTicks };
  };

  $('pick').append(...data.workloads.map((w, i) => option(i, w.name)));
  $('pick-box').hidden = workloads.length < 2;
  const services = new Map(workloads.flat().map((o) => [o.provider, o.service]));
  for (const [cloud, service] of services) {
    const box = element('input');
    Object.assign(box, { type: 'checkbox', value: cloud, defaultChecked: true });
    const label = element('label');
    label.append(box, ` ${service}`);
    $('clouds').append(label);
    const sample = element('span', service, `key ${cloud}`);
    $('legend').append(sample);
  }
  for (const [i, name] of SHAPE_NAMES.entries()) $('legend').append(element('span', name, `shape ${SHAPES[i]}`));
  $('legend').append(element('span', 'no other beats it in both', 'dash'));

  const number = (input, parse) => {
    const found = parse(input.value);
    input.ariaInvalid = String(Number.isNaN(found));
    return Number.isNaN(found) ? null : found;
  };
  const asked = () => ({
    clouds: new Set([...$('clouds').querySelectorAll('input:checked')].map((box) => box.value)),
    region: $('region').value,
    gpu: $('gpu').value,
    spot: $('spot').value,
    seconds: number($('deadline'), parseSeconds),
    usd: number($('budget'), parseUsd),
  });
  for (const name of ['filter-box', 'scatter', 'legend']) $(name).hidden = false;
  if (innerWidth < 520) $('filter-box').open = false; // the chart comes first there
  $('static-offers').hidden = true;
  const chart = addChart($('scatter'), (self) => drawScatter(self, shown, chosen, ticks()));

  const choose = (offer) => {
    chosen = offer;
    $('spoken').textContent = offer ? inWords(offer) : '';
    chart.setOption({ series: [ring(offer)] });
  };
  const update = () => {
    const now = asked();
    shown = all.filter((offer) => passes(offer, now));
    if (chosen && !shown.includes(chosen)) choose(null);
    const left = all[0]?.workload.leftOut;
    $('count').textContent = `${shown.length.toLocaleString('en')} of ${all.length.toLocaleString('en')} offers`
      + (left ? `; ${left.toLocaleString('en')} more expensive ones are not in this file` : '');
    chart.dispatchAction({ type: 'hideTip' });
    drawScatter(chart, shown, chosen, ticks());
    table.show(shown);
  };
  const pick = () => {
    all = workloads[Number($('pick').value)];
    fill($('region'), 'any', distinct(all, 'region'));
    fill($('gpu'), 'any', distinct(all, 'accelerator'));
    choose(null);
    update();
  };
  $('pick').addEventListener('input', pick);
  $('filters').addEventListener('input', (event) => event.target !== $('pick') && update());
  $('filters').addEventListener('submit', (event) => event.preventDefault());
  $('show-all').addEventListener('click', () => {
    const kept = $('pick').value;
    $('filters').reset();
    $('pick').value = kept;
    pick();
  });
  chart.on('click', (at) => choose(shown.find((o) => o.place === at.value[2]) ?? null));
  $('scatter').addEventListener('keydown', (event) => {
    const at = shown.indexOf(chosen);
    const last = shown.length - 1;
    const next = {
      ArrowRight: Math.min(last, at + 1), ArrowDown: Math.min(last, at + 1),
      ArrowLeft: Math.max(0, at - 1), ArrowUp: Math.max(0, at - 1), Home: 0, End: last,
    }[event.key];
    if (event.key === 'Escape') choose(null);
    if (next === undefined || last < 0) return;
    event.preventDefault();
    choose(shown[next]);
  });
  pick();
};

const start = () => {
  if (data.workloads.length) startOffers();
  // After the first paint: what lies below the first screen can wait.
  setTimeout(() => document.querySelectorAll('[data-chart]').forEach(drawSmall));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  let width = innerWidth;
  addEventListener('resize', () => {
    if (innerWidth !== width) redraw();
    width = innerWidth;
  });
  const paper = (on) => () => {
    document.documentElement.classList.toggle('paper', on);
    document.querySelectorAll('header details').forEach((more) => { more.open = on; });
    redraw();
  };
  addEventListener('beforeprint', paper(true));
  addEventListener('afterprint', paper(false));
};
start();
