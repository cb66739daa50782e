// Runs inside a lane's namespaces and starts processes there. Each line on stdin is a request, each line on stdout
// is an answer with the request's id. A request is a process to run, or a function of this file to call.
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)

/** @returns what became of the process; a process that outlives `timeoutMs` is killed, and that is reported. */
function run({ argv, env, stdin = '', killAfterMs, timeoutMs }) {
  return new Promise((resolve) => {
    const [file, ...args] = argv
    const child = spawn(file, args, { env: env ?? process.env, stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr, timedOut] = ['', '', false]
    const timers = [
      setTimeout(() => {
        timedOut = true
        child.kill('SIGKILL')
        // A process that it left behind would hold the pipes open.
        setTimeout(() => done(null, 'SIGKILL'), 1000).unref()
      }, timeoutMs),
    ]
    if (killAfterMs !== undefined) timers.push(setTimeout(() => child.kill('SIGKILL'), killAfterMs))
    const done = (status, signal) => {
      for (const timer of timers) clearTimeout(timer)
      resolve({ status, signal, stdout, stderr, timedOut })
    }
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.on('error', (error) => {
      stderr += String(error)
      done(null, null)
    })
    child.on('close', done)
    // The process may end before it has read everything.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin.startsWith('base64:') ? Buffer.from(stdin.slice(7), 'base64') : stdin)
  })
}

let newest = 0

const functions = {
  /** No two files have the same time, so that "the newer file" is always one of them. */
  write({ path, text }) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    newest = Math.max(newest + 0.01, Date.now() / 1000)
    utimesSync(path, newest, newest)
  },
  remove({ path }) {
    rmSync(path, { recursive: true, force: true })
  },
  /** The command lines of all processes but of this one and the first. */
  processes() {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/.test(pid) || pid === '1' || pid === String(process.pid)) return []
      try {
        return [readFileSync(`/proc/${pid}/stat`, 'utf8').replaceAll(/^.*?\(|\) [^(]*$/g, '')]
      } catch {
        return []
      }
    })
  },
  /** All files below these directories, without the network namespaces. */
  files({ directories }) {
    const list = (directory) =>
      readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
        const path = join(directory, entry.name)
        if (path === '/run/netns') return []
        return entry.isDirectory() ? [path, ...list(path)] : [path]
      })
    return directories.flatMap(list)
  },
  mounts() {
    return readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n').length
  },
}

say({ id: 0 })
for await (const line of createInterface(process.stdin)) {
  const { id, ...request } = JSON.parse(line)
  if (request.argv) run(request).then((result) => say({ id, result }))
  else say({ id, result: functions[request.call](request) ?? null })
}
process.exit(0)
