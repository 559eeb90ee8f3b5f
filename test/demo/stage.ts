/** What the demo shows, and how: one line a step with its time, details below it. */
const colour = process.stdout.isTTY && !process.env["NO_COLOR"]
const dim = (text: string): string => (colour ? `\u001b[2m${text}\u001b[0m` : text)
const green = (text: string): string => (colour ? `\u001b[32m${text}\u001b[0m` : text)
const red = (text: string): string => (colour ? `\u001b[31m${text}\u001b[0m` : text)

export function say(text: string): void {
  console.log(text)
}

/** Runs one step; shows that it is running, and how long it took. */
export async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now()
  const details: string[] = []
  collect = details
  const timer = process.stdout.isTTY
    ? setInterval(() => process.stdout.write(`\r  ${dim("…")} ${title} ${dim(seconds(started))}`), 200)
    : undefined
  try {
    const result = await work()
    clearLine()
    say(`  ${green("ok")} ${title} ${dim(seconds(started))}`)
    return result
  } catch (error) {
    clearLine()
    say(`  ${red("no")} ${title} ${dim(seconds(started))}`)
    throw error
  } finally {
    clearInterval(timer)
    collect = null
    for (const detail of details) say(detail)
  }
}

let collect: string[] | null = null

/** A detail; within a step it follows the step's own line. */
export function explain(text: string): void {
  const line = `     ${text}`
  if (collect) collect.push(line)
  else say(line)
}

export function show(
  deployments: readonly { name: string; paused: boolean; tags: readonly string[]; parameters: object }[],
): void {
  const width = Math.max(...deployments.map(({ name }) => name.length))
  for (const { name, paused, tags, parameters } of deployments) {
    const mark = tags.find((tag) => tag.startsWith("gitops-prune="))
    explain(
      `${name.padEnd(width)}  ${paused ? "paused" : "active"}  ${JSON.stringify(parameters)}${mark ? `  ${mark}` : ""}`,
    )
  }
}

export function fail(error: unknown): void {
  say(`\n${red("The demo stopped")}: ${error instanceof Error ? error.message : String(error)}`)
}

function clearLine(): void {
  if (process.stdout.isTTY) process.stdout.write("\r\u001b[2K")
}

function seconds(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`
}
