import type { Fault } from "../fault.ts"

/** What `validate` and plans say of a mistake. */
export const manifests: readonly Fault[] = [
  {
    fault: "a flow file that CPython's grammar takes and its compiler refuses (`def f(x): global x`)",
    seen: "`python-syntax`, with the line",
    kept: "its deployments as they are",
    healed: "by the commit that mends it",
    test: "python/cpython/compiled.test.ts: what CPython's compiler refuses is refused",
  },
  {
    fault: "a placeholder whose value `validate` doesn't know, anywhere in an entry",
    seen: "a warning that names the value (`env-missing`, `variable-missing`, `step-output-missing`), exit 0",
    kept: "everything else of the entry is still checked",
    healed: "with `--env NAME=VALUE`, or `--source`",
    test: "render/open.test.ts: without its value a placeholder is accused of nothing, wherever it stands",
  },
  {
    fault: "a placeholder where Prefect reads before it resolves any (`parameters`, `paused`, `concurrency_limit`)",
    seen: "error `wrong-type`, which says so and what to write",
    kept: "the entry's deployment, as it is",
    healed: "with the commit that writes the value",
    test: "render/open.test.ts: a placeholder that Prefect reads too early is told to be one",
  },
  {
    fault: "`prefect-version: 3`, or a number as the file's `name`",
    seen: "error `wrong-type` at the key",
    kept: "all deployments of the file: Prefect reads none of them",
    healed: "with the commit that quotes it",
    test: "render/open.test.ts: a number as the file's name or version costs all its entries, as with Prefect",
  },
  {
    fault: "an entrypoint with a placeholder of the source's `env`",
    seen: "nothing: it is resolved before the flow is read; `entrypoint-invalid` where only a secret or Prefect knows the value",
    kept: "the entry's deployment, as it is, while the value is missing",
    healed: "when the value is in `env`",
    test: "render/open.test.ts: an entrypoint's placeholders are resolved before its flow is read",
  },
  {
    fault: "a function or file of an entrypoint with letters of another language",
    seen: "nothing; `flow-not-found` where Python spells it otherwise (NFKC)",
    kept: "nothing to keep",
    healed: "at once",
    test: "render/open.test.ts: entrypoints name functions and files in any language, as getattr finds them",
  },
  {
    fault: "a build step whose output only running it tells (`git describe --always`)",
    seen: "`step-output-missing` with the commands that are known",
    kept: "the entry's deployment, as it is",
    healed: "with another command, or `stepOutputs`",
    test: "render/open.test.ts: commands of Git that the commit answers are known, and the advice for others names them",
  },
  {
    fault: "an unquoted placeholder or cron text, a text behind a closing quote",
    seen: "`yaml-syntax` with the text as it must be written",
    kept: "all deployments of the file, as they are",
    healed: "with the commit that quotes it",
    test: "yaml/dialect.test.ts: a slip that everybody makes is told with what to write",
  },
  {
    fault: "a parameter whose value the flow's schema doesn't take",
    seen: "error `parameter-invalid` at its line; a warning where Prefect takes it and only the runs would fail",
    kept: "the entry's deployment, as it is",
    healed: "with the commit that mends it",
    test: "render/parameters.test.ts: a value that Prefect's server refuses is an error at its line",
  },
  {
    fault: "a parameter that the flow hasn't, of the deployment, a schedule or a trigger",
    seen: "warning `parameter-unknown` with the near miss",
    kept: "the deployment is written as Git says: Prefect takes it",
    healed: "with the commit that mends it",
    test: "render/parameters.test.ts: a name that the flow hasn't is a warning with the one that was meant, wherever it stands",
  },
  {
    fault: '`f(os.environ.get("A"))` beside `os.getenv("LIMIT")` with `env: { LIMIT: … }`',
    seen: "nothing: it is decided",
    kept: "nothing to keep",
    healed: "at once",
    test: "python/parity.test.ts: flow files read as Prefect reads them",
  },
  {
    fault:
      "code that binds a module's name unseen (`g = globals()`, `builtins.exec(…)`, `sys.modules[__name__].X = 2`)",
    seen: "warning `schema-undecided` with the file",
    kept: "the live schema",
    healed: "with other code, or `parameter_openapi_schema`",
    test: "python/parity.test.ts: flow files read as Prefect reads them",
  },
  {
    fault:
      "a decorator above `@flow` that makes something else of the flow (`functools.wraps`, `@task`, `@cache`, an imported one)",
    seen: "warning `flow-wrapped` at its line",
    kept: "the deployment is written as Git says",
    healed: "with `@flow` on top",
    test: "python/flow.test.ts: a decorator above @flow that makes something else of it is told, with its place",
  },
  {
    fault: "a flow file whose values would take gigabytes (nine times `X = X.replace('a', 'aaaaaaaaaa')`)",
    seen: "warning `schema-undecided` with the line",
    kept: "the live schema",
    healed: "with the commit that mends it",
    test: "render/bounds.test.ts: no default of a flow takes memory that its text doesn't have",
  },
  {
    fault: "parameters or job variables `1.0`, `-0.0`, `.inf` and `.nan`, where the flow's type isn't a number",
    seen: "warning `number-inexact` at its line",
    kept: "the deployment is written, with `1`, `0` and null",
    healed: "with the commit that writes what is meant",
    test: "render/inexact.test.ts: numbers that Prefect gets otherwise than they are written are told, with their place",
  },
  {
    fault: "40 paths to one manifest of 199,000 items",
    seen: "error `yaml-too-large` for each file that is over the bound of the source",
    kept: "the deployments of these files; nothing is retired; the other files go on",
    healed: "with the commit that takes them out",
    test: "render/bounds.test.ts: manifests that are too much together cost themselves only, and nothing may be removed",
  },
]
