import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { JSONObject } from '@lumino/coreutils';

/** What Altair 6 writes, and the newest that JupyterLab's own Vega announces; a chart is written the same way in both. */
const WRITTEN = 'application/vnd.vegalite.v6+json';
const KNOWN = 'application/vnd.vegalite.v5+json';
const PICTURE = 'image/svg+xml';
const MENU = { export: true, source: false, compiled: false, editor: false }; // the editor is a page of somebody else
const RANK = 50; // before pictures: a chart that is drawn here has tooltips, and a legend to click on

/** Have charts drawn by JupyterLab's Vega; where that is switched off, their picture is shown. */
export function drawCharts(registry: IRenderMimeRegistry): void {
  registry.addFactory({ safe: true, mimeTypes: [WRITTEN], createRenderer }, RANK);

  function createRenderer(options: IRenderMime.IRendererOptions): IRenderMime.IRenderer {
    const vega = registry.getFactory(KNOWN);
    if (!vega) {
      return registry.createRenderer(PICTURE);
    }
    const renderer = vega.createRenderer({ ...options, mimeType: KNOWN });
    const render = renderer.renderModel.bind(renderer);
    renderer.renderModel = model => render(renamed(model));
    return renderer;
  }
}

/** The same output under the name that the renderer looks for, without the version that it would warn of. */
function renamed(model: IRenderMime.IMimeModel): IRenderMime.IMimeModel {
  const specification = { ...(model.data[WRITTEN] as JSONObject) };
  delete specification.$schema;
  return {
    trusted: model.trusted,
    data: { ...model.data, [KNOWN]: specification },
    metadata: { ...model.metadata, [KNOWN]: { embed_options: { actions: MENU } } },
    setData: () => undefined // it would keep a picture of what it drew, and there is one already
  };
}
