import type { Fault } from "../fault.ts"

/** What must not get out. */
export const secrets: readonly Fault[] = [
  {
    fault: "somebody gave a container another list of variables, arguments or commands in Prefect, a secret among them",
    seen: "the plan, as text, Markdown and API, names the list; what Git has nothing for is `(hidden)`",
    kept: "values that only Prefect has are shown with `--show-values` alone",
    healed: "by the correction of the drift, in the same turn",
    test: "server/conceal.test.ts: a container's live variables, arguments and command stay hidden where Git has others",
  },
  {
    fault:
      "a value stands beside a secret's name: `{name: VAULT_TOKEN, value: …}`, `--token …`, a header and its value",
    seen: "`(hidden)`, on both sides of a difference and in what is new",
    kept: "the name, and references in the place of a value",
    healed: "nothing is wrong: a plan is read by more people than the repository",
    test: "server/conceal.test.ts: a secret's value in Git and in Prefect is hidden under the same name",
  },
  {
    fault: "Prefect refuses a write and repeats a long secret, or a server cuts its words in the middle of one",
    seen: "the words with `[secret]` in its place, also where only its beginning is left",
    kept: "texts are masked before they are cut",
    healed: "with the refusal",
    test: "prefect/transport.test.ts: a refusal that repeats a long secret holds no part of it: it is masked before it is cut",
  },
  {
    fault: "a folder, a deployment or a tag is called like a command to CI (`::error …`, `##[…]`, `##vso[…]`)",
    seen: "the name, its first sign escaped; never a line that begins with a command",
    kept: "JSON says the same before and after",
    healed: "nothing is wrong",
    test: "cli/obeyed.test.ts: a folder named like a command is shown, and isn't one: text, JSON, SARIF and annotations",
  },
  {
    fault:
      "a secret of the config stands in lists, texts and tags, another only in Prefect, and Prefect repeats both in a 422",
    seen: "`[secret]` and `(hidden)` in plans, log, status, history and its file, metrics, page and errors",
    kept: "also the base64 and URL forms, and the part before a cut",
    healed: "nothing is wrong",
    test: "contract/canary.test.ts: no secret leaves the process, wherever it stands and whoever repeats it",
  },
]
