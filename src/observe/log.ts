import { pino, type Logger } from "pino"
import { isoTime, type Clock } from "../lib/clock.ts"
import { cleanText } from "../core/secret.ts"
import { cleanValue } from "./clean.ts"
import { prettyLine } from "./pretty.ts"

export type LogFormat = "json" | "pretty" | "pretty-colour"

export interface LogOptions {
  readonly level: string
  readonly format: LogFormat
  readonly clock: Clock
  readonly mask: (text: string) => string
  readonly out: { write(text: string): unknown }
}

/** JSON for machines; lines for a person only where a person looks, in colours unless `NO_COLOR` is set. */
export function logFormat(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): LogFormat {
  if (!isTerminal) return "json"
  return environment["NO_COLOR"] ? "pretty" : "pretty-colour"
}

/** A pino logger of which no line holds a secret value that was read, or a text of more than 500 characters. */
export function openLog({ level, format, clock, mask, out }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${isoTime(clock.now())}"`,
      // `log` below has made data of errors already.
      serializers: { err: (error: unknown) => error },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => cleanValue(fields, mask) as Record<string, unknown>,
      },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as readonly unknown[]
          // Pino would make an error's message the line's, after everything was cleaned.
          const given = first instanceof Error ? [{ err: first }, ...(rest.length > 0 ? rest : [first.message])] : args
          const cleaned = given.map((arg: unknown) => (typeof arg === "string" ? cleanText(arg, mask) : arg))
          method.apply(this, cleaned as Parameters<typeof method>)
        },
      },
    },
    { write: (line) => void out.write(format === "json" ? line : prettyLine(line, format === "pretty-colour")) },
  )
}
