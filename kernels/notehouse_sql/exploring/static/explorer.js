/** The explorer's page: everything a person chooses goes to the kernel as one text, `value`. */

const NOTHING = '';

function make(kind, properties = {}, ...children) {
  const node = Object.assign(document.createElement(kind), properties);
  node.append(...children);
  return node;
}

function option(value, label) {
  return make('option', { value, textContent: label ?? value });
}

/** Small bars of how a field's values lie. */
function bars(field) {
  const most = Math.max(...field.bars, 1);
  const row = make('span', { className: 'nh-bars', ariaHidden: 'true' });
  for (const bar of field.bars) {
    const one = make('i');
    one.style.height = `${Math.max(6, (100 * bar) / most)}%`;
    row.append(one);
  }
  return row;
}

function facts(field) {
  const parts = [field.type, `${field.different.toLocaleString()} different`];
  if (field.missing > 0) parts.push(`${(field.missing * 100).toFixed(1)} % missing`);
  if (field.ends.length) parts.push(`${field.ends[0]} to ${field.ends[1]}`);
  if (field.words.length) parts.push(field.words.join(', '));
  return parts.join('\n');
}

class Page {
  constructor(model, el) {
    this.model = model;
    this.choice = { x: '', y: '', color: '', agg: '', kind: '', filters: [], ...this.sent() };
    this.root = make('div', { className: 'nh-explorer' });
    el.append(this.root);
    this.build();
    this.show();
  }

  sent() {
    try {
      return JSON.parse(this.model.get('value') || '{}');
    } catch {
      return {};
    }
  }

  build() {
    const words = this.model.get('words');
    const names = this.model.get('fields').map(field => field.name);
    this.selects = {};
    const choosers = make('div', { className: 'nh-choosers' });
    const choosing = [
      ['x', 'Across', names],
      ['y', 'Up', names],
      ['color', 'Colour', names],
      ['agg', 'Summary', words.aggs],
      ['kind', 'Chart', words.kinds]
    ];
    for (const [name, label, values] of choosing) {
      const select = make('select', { value: this.choice[name] }, option(NOTHING, '–'));
      select.append(...values.map(value => option(value)));
      select.value = this.choice[name];
      select.addEventListener('change', () => this.set(name, select.value));
      this.selects[name] = select;
      choosers.append(make('label', {}, make('span', { textContent: label }), select));
    }
    this.filters = make('div', { className: 'nh-filters' });
    const more = make('button', { type: 'button', textContent: 'Add a filter', className: 'nh-more' });
    more.addEventListener('click', () => this.addFilter());
    this.picture = make('img', { className: 'nh-picture', hidden: true });
    this.said = make('p', { className: 'nh-said', role: 'status' });
    this.code = make('pre', { className: 'nh-code', tabIndex: 0, ariaLabel: 'The cell that shows the same' });
    const inLab = document.querySelector('.jp-NotebookPanel') !== null;
    this.write = make('button', { type: 'button', textContent: inLab ? 'Write to cell' : 'Copy SQL' });
    this.write.addEventListener('click', () => this.handOver());
    const main = make('div', { className: 'nh-main' }, choosers, this.filters, more);
    main.append(this.picture, this.said, this.code, this.write);
    this.root.append(this.list(), main);
    this.drawFilters();
  }

  /** The fields, one tab stop; arrow keys go along, Enter draws. */
  list() {
    const list = make('div', { className: 'nh-fields', role: 'listbox', ariaLabel: `Fields of ${this.model.get('title')}` });
    list.append(make('b', { textContent: this.model.get('title') }));
    const buttons = this.model.get('fields').map((field, place) => {
      const name = make('span', { className: 'nh-name', textContent: field.name });
      const kind = make('span', { className: 'nh-kind', textContent: field.type });
      const button = make('button', { type: 'button', title: facts(field), tabIndex: place ? -1 : 0 }, name, kind, bars(field));
      button.setAttribute('role', 'option');
      button.dataset.field = field.name;
      button.addEventListener('click', () => this.pick(field.name));
      return button;
    });
    list.addEventListener('keydown', event => this.along(event, buttons));
    list.append(...buttons);
    this.buttons = buttons;
    return list;
  }

  along(event, buttons) {
    const at = buttons.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined || !buttons[to]) return;
    event.preventDefault();
    event.stopPropagation();
    for (const button of buttons) button.tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  }

  /** A field that is picked goes across; a second one up, a third one into the colour; picked again, it goes. */
  pick(name) {
    const places = ['x', 'y', 'color'];
    const held = places.find(place => this.choice[place] === name);
    this.set(held ?? places.find(place => !this.choice[place]) ?? 'color', held ? NOTHING : name);
  }

  set(name, value) {
    this.choice[name] = value;
    this.send();
  }

  addFilter() {
    this.choice.filters.push({ column: this.model.get('fields')[0].name, sign: '=', value: '' });
    this.drawFilters();
    this.filters.lastChild?.querySelector('select').focus();
  }

  drawFilters() {
    const names = this.model.get('fields').map(field => field.name);
    const signs = this.model.get('words').signs;
    const rows = this.choice.filters.map((filter, place) => {
      const column = make('select', { ariaLabel: 'Field' }, ...names.map(name => option(name)));
      const sign = make('select', { ariaLabel: 'Condition' }, ...signs.map(name => option(name)));
      const value = make('input', { ariaLabel: 'Value', value: filter.value, maxLength: 200 });
      column.value = filter.column;
      sign.value = filter.sign;
      value.hidden = sign.value.startsWith('is ');
      const change = () => {
        Object.assign(filter, { column: column.value, sign: sign.value, value: value.value });
        value.hidden = sign.value.startsWith('is ');
        this.send();
      };
      for (const node of [column, sign, value]) node.addEventListener('change', change);
      value.addEventListener('keydown', event => event.stopPropagation());
      const drop = make('button', { type: 'button', textContent: '×', ariaLabel: 'Take this filter away' });
      drop.addEventListener('click', () => {
        this.choice.filters.splice(place, 1);
        this.drawFilters();
        this.send();
      });
      return make('div', {}, column, sign, value, drop);
    });
    this.filters.replaceChildren(...rows);
  }

  send() {
    this.root.ariaBusy = 'true';
    this.said.textContent = 'Counting …';
    for (const [name, select] of Object.entries(this.selects)) select.value = this.choice[name];
    this.mark();
    this.model.set('value', JSON.stringify({ ...this.choice, turn: (this.choice.turn = (this.choice.turn ?? 0) + 1) }));
    this.model.save_changes();
  }

  mark() {
    const held = [this.choice.x, this.choice.y, this.choice.color];
    for (const button of this.buttons) button.setAttribute('aria-selected', held.includes(button.dataset.field));
  }

  show() {
    const address = this.model.get('picture');
    this.root.ariaBusy = 'false';
    this.picture.hidden = !address;
    if (address) this.picture.src = address;
    this.picture.alt = `Chart of ${[this.choice.x, this.choice.y, this.choice.color].filter(Boolean).join(', ')}`;
    this.said.textContent = this.model.get('said');
    this.code.textContent = this.model.get('code');
    this.mark();
  }

  /** JupyterLab's extension takes the cell; where there is none it goes to the clipboard. */
  async handOver() {
    const detail = { source: this.model.get('code') };
    const event = new CustomEvent('notehouse:write-cell', { detail, cancelable: true });
    if (!document.dispatchEvent(event)) {
      this.said.textContent = 'Written into a new cell below.';
      return;
    }
    try {
      await navigator.clipboard.writeText(detail.source);
      this.said.textContent = 'Copied.';
    } catch {
      getSelection()?.selectAllChildren(this.code);
      this.said.textContent = 'Selected: copy it with Ctrl + C.';
    }
  }
}

export default {
  render({ model, el }) {
    const page = new Page(model, el);
    const show = () => page.show();
    for (const name of ['picture', 'said', 'code']) model.on(`change:${name}`, show);
    return () => model.off(null, show);
  }
};
