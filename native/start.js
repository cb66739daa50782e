/*
 * Names the program that answers, for the value of CNI_COMMAND or undefined. It runs in every call, before JavaScript's library is there.
 * VERSION has a program of its own, because reading main.js takes more instructions than all of VERSION.
 */
;(command) => (command === 'VERSION' ? 'version.js' : 'main.js')
