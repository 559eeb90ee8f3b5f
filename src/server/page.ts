import { createHash } from "node:crypto"
import type { Problem } from "../core/model.ts"
import type { SourceStatus } from "../core/status.ts"

/** The status page: one self-contained document, made on the server; it needs and allows no script. */

const problemsPerSourceMax = 20
const shortCommit = 10
const refreshSeconds = 15

const style = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.3rem } h2 { font-size: 1.05rem; margin: 2rem 0 .3rem }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; padding-bottom: .4rem }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #8886; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
table code, time { white-space: nowrap }
.state { font-weight: 600 }
.synced { color: light-dark(#116329, #56d364) } .progressing, .drifted, .unknown { color: light-dark(#0a4a92, #79c0ff) }
.suspended { color: light-dark(#555, #aaa) } .held { color: light-dark(#7d4e00, #e3b341) }
.degraded, .stalled { color: light-dark(#a40e26, #ff9a92) }
ul { margin: .3rem 0; padding-left: 1.2rem }
`

/** What the browser may do with the page: show this one style and nothing else, in no frame. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The page for these sources; every text in it is escaped. */
export function statusPage(sources: readonly SourceStatus[]): string {
  const troubled = sources.filter((source) => notesOf(source).length > 0)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${refreshSeconds}">
<title>${escapeHtml(titleOf(sources))}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Lockstep</h1>
${sources.length === 0 ? "<p>No sources are configured.</p>" : sourcesTable(sources)}
${troubled.map((source) => sourceNotes(source)).join("\n")}
</main>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "#39" }
  return text.replaceAll(/[&<>"']/g, (character) => `&${entities[character]};`)
}

function titleOf(sources: readonly SourceStatus[]): string {
  const wrong = sources.filter(({ state }) => state === "stalled" || state === "degraded" || state === "held").length
  return wrong === 0 ? "Lockstep" : `(${wrong}) Lockstep`
}

function sourcesTable(sources: readonly SourceStatus[]): string {
  const titles = [
    "Source",
    "Workspace",
    "State",
    "Commit",
    "Desired",
    "Owned",
    "Drifted",
    "Orphans",
    "Last turn",
    "Next",
  ]
  return `<table>
<caption>${sources.length} ${sources.length === 1 ? "source" : "sources"}; times are UTC.</caption>
<thead><tr>${titles.map((title) => `<th scope="col">${title}</th>`).join("")}</tr></thead>
<tbody>
${sources.map((source) => sourceRow(source)).join("\n")}
</tbody>
</table>`
}

function sourceRow(source: SourceStatus): string {
  const { name, workspace, state, revision, deployments, lastTurn, nextTurnAt } = source
  const counts = [deployments.desired, deployments.owned, deployments.drifted, deployments.orphans]
  const turn = lastTurn ? `${lastTurn.outcome}, ${clockTime(lastTurn.startedAt)}` : "none yet"
  return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(workspace)}</td>
<td><span class="state ${escapeHtml(state)}">${escapeHtml(state)}</span></td>
<td><code>${escapeHtml(commitText(revision))}</code></td>
${counts.map((count) => `<td class="n">${count}</td>`).join("")}
<td>${escapeHtml(turn)}</td><td>${nextTurnAt === null ? "" : escapeHtml(clockTime(nextTurnAt))}</td></tr>`
}

function commitText({ observed, applied }: SourceStatus["revision"]): string {
  return observed === applied ? shortId(applied) : `${shortId(applied)} → ${shortId(observed)}`
}

function shortId(revision: string | null): string {
  return revision?.slice(0, shortCommit) ?? "none"
}

function sourceNotes(source: SourceStatus): string {
  const notes = notesOf(source).map((note) => `<li>${escapeHtml(note)}</li>`)
  return `<section><h2>${escapeHtml(source.name)}</h2><ul>
${notes.join("\n")}
</ul></section>`
}

function notesOf({ failure, suspend, pin, hold, problems }: SourceStatus): readonly string[] {
  const more = problems.length - problemsPerSourceMax
  return [
    ...(failure ? [`${failure.code}: ${failure.message}`] : []),
    ...(suspend ? [`Suspended by ${suspend.by}${untilText(suspend.until)}: ${suspend.reason}`] : []),
    ...(pin ? [`Pinned to ${shortId(pin.revision)} by ${pin.by}${untilText(pin.until)}: ${pin.reason}`] : []),
    ...(hold ? hold.reasons.map(({ code, message }) => `Held, ${code}: ${message}`) : []),
    ...(hold ? [`${hold.victims.length} held; to go on: ${hold.release.join("; ")}`] : []),
    ...problems.slice(0, problemsPerSourceMax).map((problem) => problemText(problem)),
    ...(more > 0 ? [`… and ${more} more problems`] : []),
  ]
}

function problemText({ severity, code, message, file, line, key }: Problem): string {
  const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `
  return `${place}${key === undefined ? "" : `${key}: `}${severity} ${code}: ${message}`
}

function untilText(until: string | null): string {
  return until === null ? "" : ` until ${until}`
}

/** `2026-11-24 14:03:22` of an instant's text. */
function clockTime(instant: string): string {
  return instant.slice(0, 19).replace("T", " ")
}
