// Runs inside a network namespace: reads { executable, parallel, calls } on stdin, starts one process for each call, so many
// at a time, and prints what each that failed, or said something, answered.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const { executable, parallel, environment, calls } = JSON.parse(readFileSync(0, 'utf8'))

function run({ command, containerID, netns, config }) {
  return new Promise((resolve) => {
    const child = spawn(executable, [], {
      env: {
        ...environment,
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerID,
        CNI_NETNS: netns,
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
      },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += data))
    child.stderr.on('data', (data) => (stderr += data))
    child.on('close', (status) => resolve({ command, containerID, status, stdout, stderr }))
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(config))
  })
}

const odd = []
let next = 0
async function work() {
  while (next < calls.length) {
    const reply = await run(calls[next++])
    if (reply.status !== 0 || reply.stderr !== '') odd.push(reply)
  }
}
await Promise.all(Array.from({ length: parallel }, work))
process.stdout.write(JSON.stringify(odd))
