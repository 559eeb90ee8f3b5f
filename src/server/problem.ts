import { STATUS_CODES } from "node:http"

/** A list = a line each. */
type Headers = Readonly<Record<string, string | string[]>>

/** An answer that isn't what was asked for, as RFC 9457 problem details; `detail` tells what to do. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem"
  readonly status: number
  readonly headers: Headers
  readonly members: Readonly<Record<string, unknown>>
  constructor(
    status: number,
    detail: string,
    more: { headers?: Headers; members?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(detail)
    this.status = status
    this.headers = more.headers ?? {}
    this.members = more.members ?? {}
  }
}

export const problemType = "application/problem+json; charset=utf-8"

/** The body. `type` is `about:blank`: the status says it all, and `code`, where there is one, is our own word. */
export function problemBody(problem: HttpProblem): Record<string, unknown> {
  const { status, message, members } = problem
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail: message, ...members }
}
