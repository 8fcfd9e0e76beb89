import React from 'react';

import { Alert, makeAlert } from './api';
import {
  listOf,
  SelectField,
  TenantField,
  TextField,
  useTenants,
  useWork,
  WorkForm
} from './forms';
import { onPlatform } from './portal';
import { ALERT_TIMES, here, Times, TimesField } from './times';

const OPERATORS = ['>', '>=', '<', '<=', '==', '!='];

/** Tell people when a query's rows say so. */
export function AlertForm(props: {
  sql: string;
  source: string;
  title: string;
}): React.ReactElement {
  const { who, slugs, error } = useTenants('manage-schedules');
  const [chosen, setTenant] = React.useState('');
  const [name, setName] = React.useState(props.title);
  const [kind, setKind] = React.useState('any_row');
  const [column, setColumn] = React.useState('');
  const [operator, setOperator] = React.useState('>');
  const [value, setValue] = React.useState('0');
  const [times, setTimes] = React.useState<Times>({ cron: '*/5 * * * *', timezone: here() });
  const [recipients, setRecipients] = React.useState<string>();
  const [progress, start] = useWork<Alert>();
  if (progress.state === 'done') {
    return <Done alert={progress.result} />;
  }
  const tenant = chosen || (slugs[0] ?? '');
  const told = recipients ?? who?.username ?? '';
  const threshold = { kind, column, operator, value: Number(value) };
  const submit = (): void => {
    void start(async () =>
      makeAlert({
        tenant,
        name,
        sql: props.sql,
        data_source: props.source,
        condition: kind === 'any_row' ? { kind } : threshold,
        schedule: times,
        notification: { recipients: listOf(told) }
      })
    );
  };
  return (
    <WorkForm action="Set alert" progress={progress} onSubmit={submit}>
      {error && <p className="nh-error">{error}</p>}
      <pre className="nh-sql">{props.sql}</pre>
      <TenantField slugs={slugs} value={tenant} onChange={setTenant} />
      <TextField label="Name" name="name" value={name} required onChange={setName} />
      <SelectField
        label="Fires when"
        name="kind"
        value={kind}
        options={[
          ['any_row', 'the query returns any row'],
          ['threshold', 'a column passes a threshold']
        ]}
        onChange={setKind}
      />
      {kind === 'threshold' && (
        <div className="nh-row">
          <TextField label="Column" name="column" value={column} required onChange={setColumn} />
          <SelectField
            label="is"
            name="operator"
            value={operator}
            options={OPERATORS.map(one => [one, one] as [string, string])}
            onChange={setOperator}
          />
          <TextField
            label="than"
            name="value"
            value={value}
            required
            pattern="-?[0-9]+(\.[0-9]+)?"
            onChange={setValue}
          />
        </div>
      )}
      <TimesField label="Looked at" choices={ALERT_TIMES} value={times} onChange={setTimes} />
      <TextField
        label="Tell"
        name="recipients"
        hint="User names, mail addresses or https addresses of webhooks, separated by commas."
        value={told}
        onChange={setRecipients}
      />
    </WorkForm>
  );
}

function Done({ alert }: { alert: Alert }): React.ReactElement {
  return (
    <div className="nh-done">
      <p>“{alert.name}” watches from now on.</p>
      <a
        className="jp-mod-styled jp-mod-accept"
        href={onPlatform(`/services/notehouse/alerts/${alert.id}`)}
        target="_blank"
        rel="noreferrer"
      >
        Open the alert
      </a>
    </div>
  );
}
