import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  ReactWidget,
  showDialog,
  ToolbarButton
} from '@jupyterlab/apputils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookModel, INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { bellIcon, databaseIcon, publishIcon, timerIcon } from './icons';
import React from 'react';

import { AlertForm } from './alert';
import { takeCells } from './cells';
import { drawCharts } from './charts';
import { DataPanel } from './dataPanel';
import { activeQuery, draftOf, insertCell, insertText, previewCell, quoted } from './notebook';
import { PublishForm } from './publish';
import { ScheduleForm } from './schedule';

const COMMANDS = {
  publish: 'notehouse:publish',
  schedule: 'notehouse:schedule',
  alert: 'notehouse:alert'
};

function open(title: string, form: React.ReactElement): void {
  void showDialog({
    title,
    body: ReactWidget.create(form),
    buttons: [Dialog.cancelButton({ label: 'Close' })],
    hasClose: true
  });
}

const data: JupyterFrontEndPlugin<void> = {
  id: 'notehouse-lab:data',
  description: 'Sources, tables and columns beside the notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, restorer: ILayoutRestorer | null) => {
    const inNotebook = (act: (panel: NotebookPanel) => void): void => {
      if (tracker.currentWidget) {
        act(tracker.currentWidget);
      } else {
        Notification.info('Open a notebook first: what you insert goes into it.', {
          autoClose: 4000
        });
      }
    };
    const panel = ReactWidget.create(
      React.createElement(DataPanel, {
        inserts: {
          table: (source, table) => {
            inNotebook(notebook => {
              insertCell(notebook, previewCell(source, table));
            });
          },
          column: name => {
            inNotebook(notebook => {
              insertText(notebook, quoted(name));
            });
          }
        }
      })
    );
    panel.id = 'notehouse-data';
    panel.title.icon = databaseIcon;
    panel.title.caption = 'Data';
    panel.addClass('nh-panel');
    app.shell.add(panel, 'left', { rank: 150 });
    restorer?.add(panel, panel.id);
    takeCells(() => tracker.currentWidget);
  }
};

const sharing: JupyterFrontEndPlugin<void> = {
  id: 'notehouse-lab:sharing',
  description: 'Publish, schedule and alert from a notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, palette: ICommandPalette | null) => {
    const isEnabled = (): boolean => tracker.currentWidget !== null;
    const add = (id: string, label: string, act: (panel: NotebookPanel) => void): void => {
      app.commands.addCommand(id, {
        label,
        isEnabled,
        execute: () => {
          if (tracker.currentWidget) {
            act(tracker.currentWidget);
          }
        },
        describedBy: { args: { type: 'object', properties: {} } }
      });
      palette?.addItem({ command: id, category: 'Notehouse' });
    };
    add(COMMANDS.publish, 'Publish as Dashboard …', panel => {
      open('Publish', React.createElement(PublishForm, { draft: draftOf(panel) }));
    });
    add(COMMANDS.schedule, 'Schedule as Report …', panel => {
      open('Schedule', React.createElement(ScheduleForm, { draft: draftOf(panel) }));
    });
    add(COMMANDS.alert, 'Alert on this SQL Cell …', alertOn);
    app.docRegistry.addWidgetExtension('Notebook', new Buttons(app));
  }
};

const charts: JupyterFrontEndPlugin<void> = {
  id: 'notehouse-lab:charts',
  description: 'Charts that can be pointed at.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  activate: (_app: JupyterFrontEnd, registry: IRenderMimeRegistry) => {
    drawCharts(registry);
  }
};

function alertOn(panel: NotebookPanel): void {
  const query = activeQuery(panel);
  if (query) {
    open('Alert', React.createElement(AlertForm, { ...query, title: draftOf(panel).title }));
  } else {
    Notification.info(
      'An alert watches a query: select a cell that begins with %%sql, then try again.',
      {
        autoClose: 6000
      }
    );
  }
}

/** The three buttons of every notebook's toolbar. */
class Buttons implements DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> {
  constructor(private readonly app: JupyterFrontEnd) {}

  createNew(panel: NotebookPanel): void {
    const add = (name: string, label: string, command: string, icon: typeof publishIcon): void => {
      const onClick = (): void => {
        void this.app.commands.execute(command);
      };
      const button = new ToolbarButton({
        icon,
        label,
        tooltip: this.app.commands.label(command),
        onClick
      });
      panel.toolbar.insertAfter('cellType', name, button);
    };
    add('notehouse-alert', 'Alert', COMMANDS.alert, bellIcon);
    add('notehouse-schedule', 'Schedule', COMMANDS.schedule, timerIcon);
    add('notehouse-publish', 'Publish', COMMANDS.publish, publishIcon);
  }
}

export default [data, sharing, charts];
