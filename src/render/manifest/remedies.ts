import type { Rule } from "./rules.ts"

/** What to do about each rule, where the message of a problem can only say what is wrong at its place. */
export const remedies: Readonly<Record<Rule, string>> = {
  "yaml-syntax":
    "Mend the YAML at the line that is shown; a text with `: ` or a leading `{`, `*`, `&`, `@` needs quotes.",
  "yaml-too-large": "Split the file: several prefect.yaml in folders of their own are read as one source.",
  "yaml-duplicate-key": "Take one of the two out; the first one has no effect.",
  "manifest-template": "Nothing, if it is a template; else rename the folder, or `exclude` it to silence this.",
  "manifest-unreadable":
    "Save it as a regular file, UTF-8, below 1 MiB. If it shall go, take away what stands in its place too, or `exclude` the path.",
  "nothing-found":
    "Correct the source's `manifests`, `exclude` or `select`, or its `ref`; for a source without deployments commit a manifest with `deployments: []`.",
  "manifest-shape": "Begin the file with `deployments:` and a list of entries, each with `- name:`.",
  "deployments-missing":
    "Put what shall be deployed into entries below `deployments:`, or rename or `exclude` the file.",
  "wrong-type": "Write the value as the message says: quotes make a text, a dash an entry of a list.",
  "unknown-key": "Correct the spelling, move the key to where Prefect reads it, or take it out.",
  "parameter-unknown": "Correct the name, or add the parameter to the flow.",
  "number-inexact":
    "Write the whole number, give the flow's parameter the type `float`, or write a text that the flow reads.",
  "parameter-invalid": "Write a value of the type that the message names, or change the flow's annotation.",
  "schedule-invalid": "Give each schedule exactly one of `cron`, `interval` and `rrule`, with its options beside it.",
  "name-missing": "Give the entry a `name:`.",
  "name-invalid": "Choose a name without / % & < >.",
  "entrypoint-missing": "Give the entry `entrypoint: path/to/file.py:function`.",
  "entrypoint-invalid": "Write `path/to/file.py:function`, or `package.module.function`, in the repository.",
  "entrypoint-outside": "Name a file of this repository; code that comes with the image can't be read here.",
  "flow-file-missing": "Correct the path, or set `baseDir` for what entrypoints are relative to.",
  "flow-file-too-large": "Move the flow into a file of its own, below 1 MiB.",
  "python-syntax": "Mend the file at the line that is shown.",
  "flow-not-found": "Name a function that the file defines, or imports from this repository.",
  "not-a-flow": "Put `@flow` on the function, or name the one that has it.",
  "flow-wrapped": "Put `@flow` on top of the other decorators.",
  "flow-name-undecided": "Add `flow_name:` to the entry, or write the name as a plain text in `@flow(name=…)`.",
  "flow-name-differs": "Take `flow_name` out, or make it the flow's own name.",
  "schema-undecided":
    "Annotate the parameter with a type of this repository or of the standard library, name the environment variable in `env:` of the source, or give `parameter_openapi_schema`.",
  "work-pool-missing": "Add `work_pool: { name: … }`, or `overrides.workPool` to the source.",
  "tag-reserved": "Take the tag out.",
  "tag-unmeant": "Write `tags` as a list of texts; a YAML alias for a list can't be one of several items.",
  "declared-twice": "Rename one of the two, or `exclude` a file.",
  "out-of-scope": "Move the deployment to a source that may have it, or widen the source's `scope`.",
  "env-missing": "Add the name to the source's `env`; to check a manifest alone, pass `--env NAME=VALUE`.",
  "variable-missing": "Create the variable in the workspace, or correct its name.",
  "step-output-missing": "Give the output under the source's `stepOutputs`, by the step's `id`.",
  "placeholder-unresolved":
    "Correct the name; a step's output is `{{ its-id.its-output }}`, an environment value `{{ $NAME }}`.",
  "block-in-parameters": "Load the block in the flow instead; only pull steps and job variables resolve blocks.",
  "image-unverified":
    "Wait for CI to push the image; if it never comes, look at CI, or at the source's `images` and `registries`.",
  "sla-not-managed": "Set service levels in Prefect Cloud itself; take `sla` out to silence this.",
  "trigger-invalid": "Correct the trigger as the message says, or give it a name of its own.",
  "pull-without-credentials": "Add a `pull` section whose git_clone names a credentials block.",
  "step-invalid": "Use the name that the message gives, and indent the step's inputs below it.",
}
