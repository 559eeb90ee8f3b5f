import { canonicalJson, type Json } from "../../core/json.ts"
import type { DeploymentKey } from "../../core/model.ts"
import { dashed, fileText, indented, mappingLines } from "../../yaml/write-yaml.ts"
import { bareEntryOf, entryOf, type Draft } from "./entry.ts"

/** What stands in the manifest beside its entries, as comments. */
export interface Notes {
  /** Where the deployments run: the API's URL. */
  readonly origin: string
  /** Names that placeholders for secrets may have. */
  readonly secrets: readonly string[]
  readonly leftOut: readonly { readonly key: DeploymentKey; readonly message: string }[]
}

const commentCharsMax = 300

/**
 * The manifest of these deployments: pull steps that several share stand once at the top, and each entry follows with what
 * a person should know about it above.
 */
export function manifestText(drafts: readonly Draft[], notes: Notes): string {
  const shared = sharedPull(drafts)
  const [, ...entries] = drafts.flatMap((draft) => entryLines(draft, shared))
  const pull = shared === null ? [] : [...mappingLines({ pull: shared }), ""]
  const body = fileText([...pull, "deployments:", ...entries])
  const rest = notes.leftOut.map(({ key, message }) => comment(`  ${key}: ${message}`))
  const head = headOf(notes, body).map((line) => comment(line))
  const foot = rest.length === 0 ? [] : ["", comment("Left out, and left as they are in Prefect:"), ...rest]
  return fileText([...head, ""]) + body + fileText(foot)
}

function headOf({ origin, secrets }: Notes, body: string): readonly string[] {
  const isHiding = secrets.some((name) => body.includes(`{{ $${name} }}`))
  return [
    `The deployments of ${origin} as they run, written by \`lockstep import\`.`,
    "What is at its default isn't said, and so not managed: an edit of it in Prefect stays.",
    "Read it before you commit it: a secret that doesn't look like one stands as it is.",
    ...(isHiding
      ? ["What looks like a secret stands as {{ $NAME }}: give each NAME under `env` of the source in lockstep.yaml."]
      : []),
  ]
}

/** A blank line, and the entry. */
function entryLines(draft: Draft, shared: Json): readonly string[] {
  const entry = draft.kind === "bare" ? bareEntryOf(draft) : entryOf(draft)
  const { pullSteps } = draft.live.fields
  const own = draft.kind === "bare" || samePull(pullSteps, shared) ? {} : { pull: pullSteps }
  const lines = [...draft.remarks.map(({ message }) => comment(message)), ...dashed(mappingLines({ ...entry, ...own }))]
  return ["", ...lines.map((line) => indented(line))]
}

/** The steps that most have, if more than one has them, or there is but one; null = each says its own. */
function sharedPull(drafts: readonly Draft[]): readonly Json[] | null {
  const whole = drafts.filter(({ kind }) => kind === "whole").map(({ live }) => live.fields.pullSteps)
  const groups = [...Map.groupBy(whole, (steps) => canonicalJson(steps)).values()].toSorted(
    (a, b) => b.length - a.length,
  )
  const [most = []] = groups
  return most.length > 1 || whole.length === 1 ? (most[0] ?? null) : null
}

function samePull(steps: readonly Json[], shared: Json): boolean {
  return shared !== null && canonicalJson(steps) === canonicalJson(shared)
}

/** One line whatever the text: names come from people, and a line end in one must not become YAML. */
function comment(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, " ")
  return `# ${line.length > commentCharsMax ? `${line.slice(0, commentCharsMax - 1)}…` : line}`.trimEnd()
}
