import React from 'react';

import { makeSchedule, Schedule } from './api';
import { Field, listOf, TenantField, TextField, useTenants, useWork, WorkForm } from './forms';
import { Draft } from './notebook';
import { onPlatform } from './portal';
import { here, REPORT_TIMES, Times, TimesField } from './times';

const PORTAL = '/services/notehouse';

/** Run a notebook again and again as a report, and mail it. */
export function ScheduleForm(props: { draft: Draft }): React.ReactElement {
  const { draft } = props;
  const { who, slugs, error } = useTenants('manage-schedules');
  const [chosen, setTenant] = React.useState('');
  const [name, setName] = React.useState(draft.title);
  const [times, setTimes] = React.useState<Times>({ cron: '0 8 * * 1', timezone: here() });
  const [recipients, setRecipients] = React.useState<string>();
  const [formats, setFormats] = React.useState<string[]>(['html']);
  const [progress, start] = useWork<Schedule>();
  if (progress.state === 'done') {
    return <Done schedule={progress.result} />;
  }
  const tenant = chosen || (slugs[0] ?? '');
  const mailed = recipients ?? who?.username ?? '';
  const submit = (): void => {
    void start(async () =>
      makeSchedule({
        tenant,
        name,
        notebook: await draft.save(),
        notebook_name: draft.name,
        recipients: listOf(mailed),
        formats,
        ...times
      })
    );
  };
  return (
    <WorkForm action="Schedule" progress={progress} onSubmit={submit}>
      {error && <p className="nh-error">{error}</p>}
      <TenantField slugs={slugs} value={tenant} onChange={setTenant} />
      <TextField label="Name" name="name" value={name} required onChange={setName} />
      <TimesField label="When" choices={REPORT_TIMES} value={times} onChange={setTimes} />
      <TextField
        label="Mail the report to"
        name="recipients"
        hint="User names or mail addresses, separated by commas. Empty: nobody, the portal keeps it."
        value={mailed}
        onChange={setRecipients}
      />
      <Formats chosen={formats} onChange={setFormats} />
    </WorkForm>
  );
}

function Formats(props: {
  chosen: string[];
  onChange: (value: string[]) => void;
}): React.ReactElement {
  const toggle = (name: string): void => {
    const { chosen } = props;
    props.onChange(chosen.includes(name) ? chosen.filter(one => one !== name) : [...chosen, name]);
  };
  return (
    <div className="nh-checks" role="group" aria-label="Attached files">
      {[
        ['html', 'Attach the page'],
        ['pdf', 'Attach a PDF'],
        ['ipynb', 'Attach the notebook']
      ].map(([name, text]) => (
        <Field key={name} label={text}>
          <input
            type="checkbox"
            name={name}
            checked={props.chosen.includes(name)}
            onChange={() => {
              toggle(name);
            }}
          />
        </Field>
      ))}
    </div>
  );
}

function Done({ schedule }: { schedule: Schedule }): React.ReactElement {
  const next = schedule.next_at ? new Date(schedule.next_at).toLocaleString() : 'never';
  return (
    <div className="nh-done">
      <p>
        “{schedule.name}” is scheduled. It runs next: <time>{next}</time>.
      </p>
      <a
        className="jp-mod-styled jp-mod-accept"
        href={onPlatform(`${PORTAL}/schedules`)}
        target="_blank"
        rel="noreferrer"
      >
        Open the schedules
      </a>
    </div>
  );
}
