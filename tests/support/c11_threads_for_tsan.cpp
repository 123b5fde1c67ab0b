// ThreadSanitizer knows POSIX threads, not C11's, and dies in a thread it did not see start. librdkafka uses C11's, so
// with that sanitizer the few functions it calls are defined here on top of POSIX ones, which are the same thing in
// glibc.
#include <pthread.h>
#include <threads.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <memory>

namespace {

struct Start {
  thrd_start_t run;
  void* argument;
};

void* run_thread(void* opaque) {
  const std::unique_ptr<Start> start(static_cast<Start*>(opaque));
  return reinterpret_cast<void*>(static_cast<std::intptr_t>(start->run(start->argument)));
}

pthread_mutex_t* posix(mtx_t* mutex) {
  return reinterpret_cast<pthread_mutex_t*>(mutex);
}
pthread_cond_t* posix(cnd_t* condition) {
  return reinterpret_cast<pthread_cond_t*>(condition);
}
int result(int error) {
  return error == 0 ? thrd_success : thrd_error;
}

}  // namespace

extern "C" {

int thrd_create(thrd_t* thread, thrd_start_t run, void* argument) {
  return result(::pthread_create(thread, nullptr, run_thread, new Start{run, argument}));
}
int thrd_join(thrd_t thread, int* code) {
  void* returned = nullptr;
  const int error = ::pthread_join(thread, &returned);
  if (code != nullptr) *code = static_cast<int>(reinterpret_cast<std::intptr_t>(returned));
  return result(error);
}
thrd_t thrd_current() {
  return ::pthread_self();
}

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) ::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  const int error = ::pthread_mutex_init(posix(mutex), &attributes);
  ::pthread_mutexattr_destroy(&attributes);
  return result(error);
}
int mtx_lock(mtx_t* mutex) {
  return result(::pthread_mutex_lock(posix(mutex)));
}
int mtx_unlock(mtx_t* mutex) {
  return result(::pthread_mutex_unlock(posix(mutex)));
}
void mtx_destroy(mtx_t* mutex) {
  ::pthread_mutex_destroy(posix(mutex));
}

int cnd_init(cnd_t* condition) {
  return result(::pthread_cond_init(posix(condition), nullptr));
}
int cnd_signal(cnd_t* condition) {
  return result(::pthread_cond_signal(posix(condition)));
}
int cnd_broadcast(cnd_t* condition) {
  return result(::pthread_cond_broadcast(posix(condition)));
}
int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return result(::pthread_cond_wait(posix(condition), posix(mutex)));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  const int error = ::pthread_cond_timedwait(posix(condition), posix(mutex), until);
  return error == ETIMEDOUT ? thrd_timedout : result(error);
}
void cnd_destroy(cnd_t* condition) {
  ::pthread_cond_destroy(posix(condition));
}

}  // extern "C"

// librdkafka is not built with the sanitizer, so it does not see the atomic counters by which the last user of a buffer
// or topic is found, and takes the freeing for a race.
extern "C" const char* __tsan_default_suppressions();  // NOLINT(bugprone-reserved-identifier)
extern "C" const char* __tsan_default_suppressions() {
  return "race:rd_buf_destroy\nrace:rwlock_destroy\n";
}
