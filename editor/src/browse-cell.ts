/** A new cell in the notebook that a widget is shown in, where the notebook lets a widget reach it. */

import type { Model } from "./comm";

const VIEW = "application/vnd.jupyter.widget-view+json";

/** As much of JupyterLab's notebook model as is used here; every part of it may be missing in other notebooks. */
interface NotebookModel {
  readOnly?: boolean;
  cells?: { length: number; get(index: number): { outputs?: Outputs } };
  sharedModel?: { insertCell?(index: number, cell: { cell_type: "code"; source: string }): unknown };
}
interface Outputs {
  length: number;
  get(index: number): { data?: Record<string, unknown> };
}

/** Put a code cell below the one that shows the widget `id`, else at the end; return whether the notebook took it. */
export function insertCell(model: Model, id: string, source: string): boolean {
  const context = model.widget_manager?.context as { model?: NotebookModel } | undefined;
  const notebook = context?.model;
  if (!notebook?.cells || !notebook.sharedModel?.insertCell || notebook.readOnly) return false;
  try {
    notebook.sharedModel.insertCell(below(notebook.cells, id), { cell_type: "code", source });
    return true;
  } catch {
    return false; // a notebook of another make: the cell can be pasted
  }
}

function below(cells: NonNullable<NotebookModel["cells"]>, id: string): number {
  for (let at = 0; at < cells.length; at++) {
    const outputs = cells.get(at).outputs;
    for (let number = 0; outputs && number < outputs.length; number++) {
      const view = outputs.get(number).data?.[VIEW] as { model_id?: string } | undefined;
      if (view?.model_id === id) return at + 1;
    }
  }
  return cells.length;
}
