import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { DataSource, dataSources, schemaOf, Table } from './api';

export interface Inserts {
  table: (source: string, table: string) => void;
  column: (name: string) => void;
}

interface Loaded {
  source: DataSource;
  tables: Table[];
  error?: string;
}

/** Sources, their tables and columns, with what inserts them. */
export function DataPanel(props: { inserts: Inserts }): React.ReactElement {
  const [loaded, setLoaded] = React.useState<Loaded[]>();
  const [error, setError] = React.useState<string>();
  const [wanted, setWanted] = React.useState('');
  const load = React.useCallback(() => {
    setLoaded(undefined);
    setError(undefined);
    loadAll().then(setLoaded, (problem: unknown) => {
      setError(textOf(problem));
    });
  }, []);
  React.useEffect(load, [load]);
  return (
    <div className="nh-data">
      <div className="nh-data-bar">
        <input
          type="search"
          className="jp-mod-styled"
          placeholder="Find"
          aria-label="Find tables and columns"
          value={wanted}
          onChange={event => {
            setWanted(event.target.value);
          }}
        />
        <button
          className="nh-icon"
          title="Read the schema again"
          aria-label="Read the schema again"
          onClick={load}
        >
          <refreshIcon.react tag="span" />
        </button>
      </div>
      {error && (
        <div className="nh-empty" role="alert">
          <p>{error}</p>
          <button className="jp-mod-styled" onClick={load}>
            Try again
          </button>
        </div>
      )}
      {!loaded && !error && <progress className="nh-loading" aria-label="Reading the schema" />}
      {loaded?.length === 0 && (
        <p className="nh-empty">
          No data source yet. An administrator of your tenant connects one in the portal.
        </p>
      )}
      {loaded?.map(one => (
        <Source
          key={one.source.id}
          {...one}
          wanted={wanted.toLowerCase()}
          inserts={props.inserts}
        />
      ))}
    </div>
  );
}

async function loadAll(): Promise<Loaded[]> {
  const sources = await dataSources();
  return Promise.all(
    sources.map(source =>
      schemaOf(source.id).then(
        tables => ({ source, tables }),
        (problem: unknown) => ({ source, tables: [], error: textOf(problem) })
      )
    )
  );
}

const textOf = (problem: unknown): string =>
  problem instanceof Error ? problem.message : String(problem);

function Source(props: Loaded & { wanted: string; inserts: Inserts }): React.ReactElement {
  const { source, tables, wanted, inserts } = props;
  const shown = tables.filter(table => matches(table, wanted));
  return (
    <section className="nh-source">
      <h3 title={source.description}>
        {source.name} <small>{source.tenant}</small>
      </h3>
      {props.error && <p className="nh-error">{props.error}</p>}
      {!props.error && shown.length === 0 && (
        <p className="nh-empty">{wanted ? 'Nothing has this name.' : 'You see no tables here.'}</p>
      )}
      {shown.map(table => (
        <TableItem
          key={`${table.schema}.${table.table}`}
          table={table}
          open={wanted !== ''}
          wanted={wanted}
          source={source.name}
          inserts={inserts}
        />
      ))}
    </section>
  );
}

function matches(table: Table, wanted: string): boolean {
  return (
    table.table.toLowerCase().includes(wanted) ||
    table.columns.some(column => column.name.toLowerCase().includes(wanted))
  );
}

function TableItem(props: {
  table: Table;
  open: boolean;
  wanted: string;
  source: string;
  inserts: Inserts;
}): React.ReactElement {
  const { table, inserts, wanted } = props;
  const hit = table.table.toLowerCase().includes(wanted);
  const columns = table.columns.filter(one => hit || one.name.toLowerCase().includes(wanted));
  return (
    <details className="nh-table" open={props.open || undefined}>
      <summary title={table.comment}>
        <span>{table.table}</span>
        <button
          className="nh-insert"
          title={`Insert a query on ${table.table}`}
          aria-label={`Insert a query on ${table.table}`}
          onClick={event => {
            event.preventDefault();
            inserts.table(props.source, table.reference);
          }}
        >
          Insert
        </button>
      </summary>
      <ul>
        {columns.map(column => (
          <li key={column.name}>
            <button
              title={column.comment || `Write ${column.name} at the cursor`}
              onClick={() => {
                inserts.column(column.name);
              }}
            >
              {column.name}
            </button>
            <code>{column.type}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
