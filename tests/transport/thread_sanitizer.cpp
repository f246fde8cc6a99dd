// What the thread sanitizer (preset tsan) has to know. Debian's libzmq is not built with it, so the
// sanitizer sees neither how its threads hand messages to each other nor, then, that they do not race.

extern "C" const char* __tsan_default_suppressions();  // the sanitizer calls it

extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libzmq.so\n"
         "race:libzmq.so\n";
}
