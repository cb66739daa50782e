// Compiles the engine and the C library as tests need them, into .cache: for each architecture, and under the sanitizers. It takes two
// minutes of a processor, and tests that begin with it beside others would be late.
import { ALL, thisArchitecture } from './packaging/architecture'
import { nativeTools } from './packaging/native-tools'

await Promise.all([
  ...ALL.map((architecture) => nativeTools(architecture, 'static')),
  nativeTools(thisArchitecture(), 'sanitized'),
])
