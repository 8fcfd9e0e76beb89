import React from 'react';

import { Field, SelectField, TextField } from './forms';

/** When something happens: a cron line in a zone. */
export interface Times {
  cron: string;
  timezone: string;
}

const OWN = 'own';

export const REPORT_TIMES: [string, string][] = [
  ['0 8 * * *', 'Every day at 8:00'],
  ['0 8 * * 1-5', 'Every working day at 8:00'],
  ['0 8 * * 1', 'Every Monday at 8:00'],
  ['0 8 1 * *', 'The first of every month at 8:00'],
  ['0 * * * *', 'Every hour'],
  [OWN, 'Other …']
];

export const ALERT_TIMES: [string, string][] = [
  ['* * * * *', 'Every minute'],
  ['*/5 * * * *', 'Every five minutes'],
  ['0 * * * *', 'Every hour'],
  ['0 8 * * *', 'Every day at 8:00'],
  [OWN, 'Other …']
];

/** The zone of this browser. */
export const here = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Choose a usual time, or write a cron line. */
export function TimesField(props: {
  label: string;
  choices: [string, string][];
  value: Times;
  onChange: (value: Times) => void;
}): React.ReactElement {
  const { value, onChange } = props;
  const usual = props.choices.some(([cron]) => cron === value.cron);
  const [own, setOwn] = React.useState(!usual);
  return (
    <>
      <SelectField
        label={props.label}
        name="when"
        value={own ? OWN : value.cron}
        options={props.choices}
        onChange={chosen => {
          setOwn(chosen === OWN);
          if (chosen !== OWN) {
            onChange({ ...value, cron: chosen });
          }
        }}
      />
      {own && (
        <TextField
          label="Cron line"
          name="cron"
          hint="Minute, hour, day of month, month, day of week: 30 7 * * 1-5 is 7:30 on working days."
          value={value.cron}
          required
          onChange={cron => {
            onChange({ ...value, cron });
          }}
        />
      )}
      <Field label="Time zone">
        <input
          className="jp-mod-styled"
          name="timezone"
          list="nh-zones"
          value={value.timezone}
          required
          onChange={event => {
            onChange({ ...value, timezone: event.target.value });
          }}
        />
        <datalist id="nh-zones">
          {['UTC', ...Intl.supportedValuesOf('timeZone')].map(zone => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </Field>
    </>
  );
}
