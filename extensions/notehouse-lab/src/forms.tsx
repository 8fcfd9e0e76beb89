import React from 'react';

import { me, Me, Refusal } from './api';

export function Field(props: {
  label: string;
  hint?: string;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <label className="nh-field">
      <span>{props.label}</span>
      {props.children}
      {props.hint && <small>{props.hint}</small>}
    </label>
  );
}

export function TextField(props: {
  label: string;
  hint?: string;
  name: string;
  value: string;
  required?: boolean;
  pattern?: string;
  onChange: (value: string) => void;
}): React.ReactElement {
  return (
    <Field label={props.label} hint={props.hint}>
      <input
        className="jp-mod-styled"
        name={props.name}
        value={props.value}
        required={props.required}
        pattern={props.pattern}
        autoComplete="off"
        onChange={event => {
          props.onChange(event.target.value);
        }}
      />
    </Field>
  );
}

export function SelectField(props: {
  label: string;
  name: string;
  value: string;
  options: [value: string, text: string][];
  onChange: (value: string) => void;
}): React.ReactElement {
  return (
    <Field label={props.label}>
      <select
        className="jp-mod-styled"
        name={props.name}
        value={props.value}
        onChange={event => {
          props.onChange(event.target.value);
        }}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** Where a form stands. What was typed stays whatever happens. */
export type Progress<T> =
  | { state: 'editing'; error?: string }
  | { state: 'working'; doing: string }
  | { state: 'done'; result: T };

/** Run a form's work: `work` may say what it is doing; a refusal becomes the form's error. */
export function useWork<T>(): [
  Progress<T>,
  (work: (tell: (doing: string) => void) => Promise<T>) => Promise<void>
] {
  const [progress, setProgress] = React.useState<Progress<T>>({ state: 'editing' });
  const start = React.useCallback(async (work: (tell: (doing: string) => void) => Promise<T>) => {
    const tell = (doing: string): void => {
      setProgress({ state: 'working', doing });
    };
    tell('Sending …');
    try {
      setProgress({ state: 'done', result: await work(tell) });
    } catch (error) {
      if (!(error instanceof Refusal)) {
        setProgress({ state: 'editing', error: 'Something unexpected happened; see the console.' });
        throw error;
      }
      setProgress({ state: 'editing', error: error.message });
    }
  }, []);
  return [progress, start];
}

/** A form with one button; shows what it is doing, and why it was refused. */
export function WorkForm<T>(props: {
  action: string;
  progress: Progress<T>;
  onSubmit: () => void;
  children: React.ReactNode;
}): React.ReactElement {
  const { progress } = props;
  const working = progress.state === 'working';
  return (
    <form
      className="nh-form"
      onSubmit={event => {
        event.preventDefault();
        props.onSubmit();
      }}
    >
      <fieldset disabled={working}>{props.children}</fieldset>
      <div className="nh-status" role="status" aria-live="polite">
        {progress.state === 'working' && (
          <>
            <progress aria-label={progress.doing} /> {progress.doing}
          </>
        )}
        {progress.state === 'editing' && progress.error && (
          <p className="nh-error" role="alert">
            {progress.error}
          </p>
        )}
      </div>
      <button type="submit" className="jp-mod-styled jp-mod-accept" disabled={working}>
        {props.action}
      </button>
    </form>
  );
}

/** The tenants where the person may do something; undefined until known. */
export function useTenants(permission: string): { who?: Me; slugs: string[]; error?: string } {
  const [found, setFound] = React.useState<{ who?: Me; error?: string }>({});
  React.useEffect(() => {
    me().then(
      who => {
        setFound({ who });
      },
      (error: unknown) => {
        setFound({ error: String(error instanceof Error ? error.message : error) });
      }
    );
  }, []);
  const slugs = (found.who?.tenants ?? [])
    .filter(one => one.permissions.includes(permission))
    .map(one => one.slug);
  return { ...found, slugs };
}

export function TenantField(props: {
  slugs: string[];
  value: string;
  onChange: (value: string) => void;
}): React.ReactElement | null {
  if (props.slugs.length < 2) {
    return null;
  }
  const options = props.slugs.map(slug => [slug, slug] as [string, string]);
  return <SelectField label="Tenant" name="tenant" options={options} {...props} />;
}

/** Addresses separated by commas, semicolons or space. */
export function listOf(text: string): string[] {
  return text.split(/[,;\s]+/).filter(Boolean);
}
