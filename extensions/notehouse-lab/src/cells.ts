import { insertCell } from './notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';

/** What a widget in a cell hands over to be written into a cell of its own; it is not run. */
interface Handed {
  source: unknown;
}

const LONGEST = 100_000;

/** Write what widgets hand over below the active cell; an event that was taken is cancelled. */
export function takeCells(current: () => NotebookPanel | null): void {
  document.addEventListener('notehouse:write-cell', event => {
    const source = (event as CustomEvent<Handed>).detail.source;
    const panel = current();
    if (panel && typeof source === 'string' && source.length <= LONGEST) {
      event.preventDefault();
      insertCell(panel, source);
    }
  });
}
