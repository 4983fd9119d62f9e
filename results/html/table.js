// The table of offers under the scatter: the same offers, sorted as one likes.
const ROWS = 15; // at first; more on request, so that filtering stays quick
const MORE = 200;
const COLUMNS = [
  ['place', 'place', 1], ['cost', 'cost', 1, 'uMid'], ['time', 'time', 1, 'sMid'],
  ['instance', 'instance'], ['service', 'service'], ['region', 'region'], ['GPU', 'gpu'],
  ['$/h', 'rate', 1, 'usdPerHour'], ['evidence', 'grade'], ['price', 'price'],
];

const compare = (a, b) => (typeof a === 'number' ? a - b : a.localeCompare(b));
const sorted = (offers, { key, down }) => {
  const ordered = [...offers].sort((a, b) => compare(a[key], b[key]) || a.place - b.place);
  return down ? ordered.reverse() : ordered;
};

class OfferTable {
  constructor(box) {
    this.sort = { key: 'place', down: false };
    this.rows = ROWS;
    const scroll = element('div', undefined, 'scroll');
    Object.assign(scroll, { tabIndex: 0, role: 'region', ariaLabel: 'Offers' });
    const table = element('table');
    table.append(element('caption', 'Offers: middle and 80% interval of the whole job'));
    this.head = table.createTHead().insertRow();
    this.body = table.createTBody();
    this.heads = COLUMNS.map((column) => this.header(column));
    this.more = element('button', '', 'more');
    this.more.type = 'button';
    this.more.addEventListener('click', () => { this.rows += MORE; this.draw(); });
    scroll.append(table);
    box.append(scroll, this.more);
  }

  header([name, field, number, key = field]) {
    const head = element('th', undefined, number ? 'n' : '');
    head.scope = 'col';
    const button = element('button', name);
    button.type = 'button';
    button.addEventListener('click', () => {
      this.sort = { key, down: this.sort.key === key && !this.sort.down };
      this.draw();
    });
    head.append(button);
    this.head.append(head);
    return [head, key];
  }

  show(offers) {
    this.offers = offers;
    this.rows = ROWS;
    this.draw();
  }

  draw() {
    for (const [head, key] of this.heads) {
      const now = this.sort.down ? 'descending' : 'ascending';
      head.ariaSort = key === this.sort.key ? now : 'none';
    }
    const rows = sorted(this.offers, this.sort).slice(0, this.rows).map((offer) => {
      const row = element('tr');
      for (const [, field, number] of COLUMNS) row.append(element('td', offer[field], number && 'n'));
      return row;
    });
    this.body.replaceChildren(...rows);
    const left = this.offers.length - rows.length;
    this.more.hidden = left <= 0;
    this.more.textContent = `Show ${Math.min(left, MORE)} more of ${left.toLocaleString('en')}`;
  }
}
