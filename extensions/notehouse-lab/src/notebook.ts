import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';

/** A notebook that is about to be sent: how it is called, and its content once saved. */
export interface Draft {
  name: string;
  title: string;
  save: () => Promise<unknown>;
}

/** A statement of a SQL cell and the source it asks. */
export interface CellQuery {
  sql: string;
  source: string;
}

const SQL_CELL = /^\s*%%sql\b([^\n]*)\n([\s\S]+)$/;
const DEFAULT_SOURCE = 'warehouse';

/** The first heading, or the file's name. */
export function draftOf(panel: NotebookPanel): Draft {
  const name = panel.context.path.split('/').pop() ?? 'notebook.ipynb';
  return {
    name,
    title: firstHeading(panel) ?? name.replace(/\.ipynb$/, ''),
    save: async () => {
      await panel.context.save();
      return panel.context.model.toJSON();
    }
  };
}

function firstHeading(panel: NotebookPanel): string | undefined {
  for (const cell of panel.content.widgets) {
    const found = /^#{1,6}\s+(.+?)\s*#*\s*$/m.exec(cell.model.sharedModel.getSource());
    if (cell.model.type === 'markdown' && found) {
      return found[1];
    }
  }
  return undefined;
}

/** An address made of a file's name. */
export function slugOf(name: string): string {
  const plain = name.replace(/\.ipynb$/, '').toLowerCase();
  return (
    plain
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 63) || 'dashboard'
  );
}

/** The statement of the active cell, if that is a SQL cell. */
export function activeQuery(panel: NotebookPanel): CellQuery | undefined {
  const source = panel.content.activeCell?.model.sharedModel.getSource() ?? '';
  const found = SQL_CELL.exec(source);
  if (!found) {
    return undefined;
  }
  const named = /^\s*([a-z][\w-]*)\s*$/.exec(found[1]);
  return { sql: found[2].trim().replace(/;$/, ''), source: named ? named[1] : DEFAULT_SOURCE };
}

/** The cell that shows the first rows of a table, as SQL names it. */
export function previewCell(source: string, table: string): string {
  const line = source === DEFAULT_SOURCE ? '%%sql' : `%%sql ${source}`;
  return `${line}\nSELECT *\nFROM ${table}\nLIMIT 100`;
}

/** A name as ClickHouse reads it. */
export function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : '`' + name.replace(/[\\`]/g, '\\$&') + '`';
}

/** Put a cell after the active one; an empty active cell is filled instead. */
export function insertCell(panel: NotebookPanel, source: string): void {
  const notebook = panel.content;
  if (notebook.activeCell?.model.sharedModel.getSource().trim() !== '') {
    NotebookActions.insertBelow(notebook);
  }
  notebook.activeCell?.model.sharedModel.setSource(source);
  panel.activate();
}

/** Write a name where the cursor is. */
export function insertText(panel: NotebookPanel, text: string): void {
  panel.content.activeCell?.editor?.replaceSelection?.(text);
  panel.content.mode = 'edit';
}
