import Glibc
import Synchronization

/// Ctrl-C and the request to end: the work in progress is finished, saved, and resumable. A second Ctrl-C ends at once.
enum Interruption {
  private static let requested = Atomic<Bool>(false)

  /// From now on the first signal only sets `isRequested`.
  static func catchSignals() {
    // A parent may have blocked the signals, and a blocked mask is inherited.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.requested.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
  }

  static var isRequested: Bool { requested.load(ordering: .relaxed) }
}
