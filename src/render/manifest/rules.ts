import type { Problem } from "../../core/model.ts"

/**
 * What can be wrong in a manifest, or in the flow that it names. The one list: problems take their severity from it,
 * and the documentation is made from it. Codes are stable words.
 */
export const rules = {
  "yaml-syntax": ["error", "The file isn't one YAML document."],
  "yaml-too-large": ["error", "The file is larger, deeper or wider than is read."],
  "yaml-duplicate-key": ["warning", "A key stands twice in one mapping; the last one counts."],
  "manifest-unreadable": [
    "error",
    "The file isn't UTF-8 text, is too large, or a link or something like it stands in its place.",
  ],
  "nothing-found": ["error", "No file matches `manifests`, or no deployment `select`."],
  "manifest-template": ["warning", "A file below a path with {{ … }} is a template of manifests; it isn't read."],
  "manifest-shape": ["error", "The file's top level isn't what prefect.yaml has there."],
  "deployments-missing": ["warning", "The file has keys that mean something elsewhere, and declares no deployment."],
  "wrong-type": ["error", "A value has another type than Prefect takes there."],
  "unknown-key": ["warning", "Prefect ignores this key; the message names the right one where there is one."],
  "parameter-unknown": ["warning", "A parameter that the flow hasn't: Prefect takes it, and no run can begin with it."],
  "parameter-invalid": [
    "error",
    "A parameter's value doesn't fit the flow's schema; a warning where Prefect takes it and only the runs would fail.",
  ],
  "number-inexact": [
    "warning",
    "A number that Prefect gets otherwise than it is written: `1.0` as `1`, and an infinity as null.",
  ],
  "schedule-invalid": ["error", "A schedule that Prefect refuses: unknown key, no kind, or several."],
  "name-missing": ["error", "A deployment without a name."],
  "name-invalid": ["error", "A name with a character that Prefect refuses."],
  "entrypoint-missing": ["error", "A deployment without an entrypoint."],
  "entrypoint-invalid": ["error", "An entrypoint that names no file and function."],
  "entrypoint-outside": ["error", "An entrypoint outside of the repository, or behind a symbolic link."],
  "flow-file-missing": ["error", "The entrypoint's file isn't in the repository."],
  "flow-file-too-large": ["error", "The entrypoint's file is larger than is read."],
  "python-syntax": ["error", "The entrypoint's file isn't valid Python."],
  "flow-not-found": ["error", "The entrypoint's file doesn't define that function."],
  "not-a-flow": ["error", "The entrypoint's function isn't a flow."],
  "flow-wrapped": ["warning", "A decorator above `@flow` may hand back something that Prefect takes for no flow."],
  "flow-name-undecided": ["error", "The flow's name can't be known without running it; give flow_name."],
  "flow-name-differs": ["warning", "flow_name isn't the name that the flow has; the flow's counts."],
  "schema-undecided": ["warning", "A parameter's type or default can't be known without running the flow."],
  "work-pool-missing": ["error", "A deployment without a work pool."],
  "tag-reserved": ["error", "A tag that Lockstep keeps for itself."],
  "tag-unmeant": ["warning", "Tags that Prefect makes something else of than their author can have meant."],
  "declared-twice": ["error", "Two entries of one source declare the same deployment; neither is touched."],
  "out-of-scope": ["error", "The source's scope doesn't allow this flow or work pool."],
  "env-missing": ["error", "An environment placeholder without a value in the source's env."],
  "variable-missing": ["error", "A Prefect variable that the workspace doesn't have."],
  "step-output-missing": ["error", "An output of a build step that can't be known; give it in stepOutputs."],
  "placeholder-unresolved": ["error", "A placeholder that nothing gives a value to; Prefect would drop it silently."],
  "block-in-parameters": ["error", "A block placeholder where nothing resolves it before the run."],
  "image-unverified": ["warning", "It depends on an image that CI may not have pushed yet."],
  "trigger-invalid": ["error", "A trigger that Prefect refuses, or one of two with the same name."],
  "sla-not-managed": [
    "warning",
    "Service levels exist on Prefect Cloud only, and can't be read back: they are left alone.",
  ],
  "pull-without-credentials": ["warning", "The injected git_clone has no credentials, and the source needs some."],
  "step-invalid": ["warning", "A step that fails when it is run: Prefect 3 hasn't it, or keys stand beside its name."],
} as const satisfies Record<string, readonly [Problem["severity"], string]>

export type Rule = keyof typeof rules

/** A problem of a rule, at its place. */
export function problem(code: Rule, message: string, at: { file: string; line?: number; column?: number }): Problem {
  return { severity: rules[code][0], code, message, file: at.file, ...placeOf(at) }
}

function placeOf({ line, column }: { line?: number; column?: number }): { line?: number; column?: number } {
  return { ...(line !== undefined && { line }), ...(column !== undefined && { column }) }
}
