import React from 'react';

import {
  Dashboard,
  findDashboard,
  makeDashboard,
  publish,
  Refusal,
  Version,
  versionOf
} from './api';
import { TenantField, TextField, useTenants, useWork, WorkForm } from './forms';
import { Draft, slugOf } from './notebook';
import { onPlatform } from './portal';

const POLL = 700; // milliseconds between two looks at a version that renders
const PATIENCE = 15 * 60 * 1000;

interface Published {
  dashboard: Dashboard;
  version: Version;
}

async function rendered(dashboard: Dashboard, number: number): Promise<Version> {
  const until = Date.now() + PATIENCE;
  while (Date.now() < until) {
    const version = await versionOf(dashboard.id, number);
    if (version.state === 'ready') {
      return version;
    }
    if (version.state === 'failed') {
      throw new Refusal(reasonOf(version), 422);
    }
    await new Promise(resolve => setTimeout(resolve, POLL));
  }
  throw new Refusal(`Version ${number} is not ready yet; it goes on by itself.`, 504);
}

function reasonOf(version: Version): string {
  const { cell, name, message } = version.error ?? {};
  const where = cell === undefined ? '' : ` in cell ${cell}`;
  return `The notebook failed${where}: ${name ?? 'error'}: ${message ?? 'no reason given'}. What viewers see is unchanged.`;
}

/** Publish a notebook as a dashboard, new or a new version, and link to it. */
export function PublishForm(props: { draft: Draft }): React.ReactElement {
  const { draft } = props;
  const { slugs, error } = useTenants('create-dashboards');
  const [chosen, setTenant] = React.useState('');
  const [name, setName] = React.useState(draft.title);
  const [slug, setSlug] = React.useState(slugOf(draft.name));
  const [message, setMessage] = React.useState('');
  const [progress, start] = useWork<Published>();
  const tenant = chosen || (slugs[0] ?? '');
  const existing = useExisting(tenant, slug);
  if (progress.state === 'done') {
    return <Done {...progress.result} />;
  }
  const submit = (): void => {
    void start(async tell => {
      const notebook = await draft.save();
      const dashboard =
        (await findDashboard(tenant, slug)) ?? (await makeDashboard({ tenant, slug, name }));
      const { number } = await publish(dashboard.id, notebook, message);
      tell(`Version ${number} is stored; running it …`);
      return { dashboard, version: await rendered(dashboard, number) };
    });
  };
  return (
    <WorkForm
      action={existing ? 'Publish new version' : 'Publish'}
      progress={progress}
      onSubmit={submit}
    >
      {error && <p className="nh-error">{error}</p>}
      <TenantField slugs={slugs} value={tenant} onChange={setTenant} />
      <TextField
        label="Address"
        name="slug"
        hint={
          existing
            ? `Adds a version to “${existing.name}”.`
            : 'A new dashboard: a-z, 0-9 and dashes.'
        }
        value={slug}
        required
        pattern="[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?"
        onChange={setSlug}
      />
      {!existing && (
        <TextField label="Title" name="name" value={name} required onChange={setName} />
      )}
      <TextField
        label="What changed"
        name="message"
        hint="Shown in the list of versions."
        value={message}
        onChange={setMessage}
      />
    </WorkForm>
  );
}

/** The dashboard that a form would add a version to. */
function useExisting(tenant: string, slug: string): Dashboard | undefined {
  const [found, setFound] = React.useState<Dashboard>();
  React.useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      if (tenant && slug) {
        findDashboard(tenant, slug).then(
          one => {
            if (current) {
              setFound(one);
            }
          },
          () => undefined // the form itself says what is wrong when it is sent
        );
      }
    }, 250);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [tenant, slug]);
  return found;
}

function Done({ dashboard, version }: Published): React.ReactElement {
  const python = version.tiles.filter(tile => tile.needs_python);
  return (
    <div className="nh-done">
      <p>
        Version {version.number} of “{dashboard.name}” is what viewers see now.
      </p>
      <a
        className="jp-mod-styled jp-mod-accept"
        href={onPlatform(dashboard.url)}
        target="_blank"
        rel="noreferrer"
      >
        Open the dashboard
      </a>
      {python.length > 0 && (
        <details>
          <summary>
            {python.length} of its tiles need Python when a viewer changes something
          </summary>
          <ul>
            {python.map((tile, index) => (
              <li key={index}>{tile.title}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
