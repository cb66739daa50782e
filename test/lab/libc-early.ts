import { libc } from '../../src/system/native/libc'

/** What test/packaging/libc.test.ts compiles in vain: it asks the machine while the program is loaded. */

libc.getpid()
libc.onStart(() => {})
