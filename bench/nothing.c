/* An empty program, which no program can be faster than. */
int main(void) { return 0; }
