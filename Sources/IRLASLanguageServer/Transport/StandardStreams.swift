import Glibc
import IRLASJSON
import Synchronization

/// The loop that joins a server to two file descriptors, normally standard input and output.
///
/// One thread reads, answers and writes. While bytes keep coming, texts are only changed; when none has come for
/// `settling`, diagnostics are published; after a `pause`, an elaboration that is too long for that starts on another
/// thread and reports back through a pipe.
package struct StandardStreams {
  /// How long after the last byte diagnostics are published, in milliseconds: time for a burst to arrive as one.
  package static let settling: Int32 = 2
  /// How long after that long work starts, in milliseconds.
  package static let pause: Int32 = 250
  private static let chunk = 64 << 10
  /// The most bytes that are taken before they are answered.
  private static let batchLimit = 16 << 20

  private let server: LanguageServer
  private let input: Int32
  private let output: Int32
  private let results = Results()
  private var decoder = MessageDecoder()

  /// A loop around a server.
  package init(_ server: LanguageServer, input: Int32 = 0, output: Int32 = 1) {
    self.server = server
    self.input = input
    self.output = output
  }

  /// What other threads have finished, and the pipe that wakes the loop.
  private final class Results: Sendable {
    let finished = Mutex<[LanguageServer.Result]>([])
    let readEnd: Int32
    let writeEnd: Int32

    init() {
      var ends: [Int32] = [-1, -1]
      if pipe(&ends) != 0 { ends = [-1, -1] }
      (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
      close(readEnd)
      close(writeEnd)
    }

    func add(_ result: LanguageServer.Result) {
      finished.withLock { $0.append(result) }
      var byte: UInt8 = 1
      while write(writeEnd, &byte, 1) < 0, errno == EINTR {}
    }

    func take() -> [LanguageServer.Result] {
      var byte: UInt8 = 0
      _ = read(readEnd, &byte, 1)
      return finished.withLock { list in
        defer { list = [] }
        return list
      }
    }
  }

  /// Runs until the client says `exit` or goes away.
  ///
  /// - Returns: the exit code: 0 after `shutdown` and `exit`, else 1.
  package mutating func run() -> Int32 {
    var mayWork = false
    while true {
      var descriptors = [
        pollfd(fd: input, events: Int16(POLLIN), revents: 0),
        pollfd(fd: results.readEnd, events: Int16(POLLIN), revents: 0),
      ]
      let timeout = server.wantsIdle ? Self.settling : mayWork ? Self.pause : -1
      let ready = poll(&descriptors, 2, timeout)
      if ready < 0 {
        if errno == EINTR { continue }
        return 1
      }
      if ready == 0 {
        if server.wantsIdle {
          guard send(server.idle()) else { return 1 }
          mayWork = true
        } else {
          mayWork = false
          start()
        }
        continue
      }
      if descriptors[1].revents != 0 {
        for result in results.take() { guard send(server.finish(result)) else { return 1 } }
        mayWork = true
      }
      guard descriptors[0].revents != 0 else { continue }
      let (messages, isOpen) = receive()
      guard send(server.receive(messages)) else { return 1 }
      if let code = server.exitCode { return code }
      guard isOpen else { return 1 }
      mayWork = true
    }
  }

  /// Starts the next long elaboration.
  private func start() {
    guard let work = server.takeWork() else { return }
    let results = results
    Task.detached(priority: .utility) { results.add(work.run()) }
  }

  /// Everything that has arrived.
  private mutating func receive() -> (messages: [Incoming], isOpen: Bool) {
    var messages: [Incoming] = []
    var bytes = [UInt8](repeating: 0, count: Self.chunk)
    var total = 0
    while total < Self.batchLimit {
      let count = read(input, &bytes, bytes.count)
      if count < 0 {
        if errno == EINTR { continue }
        return (messages, false)
      }
      if count == 0 { return (messages, false) }
      messages += decoder.receive(bytes[..<count])
      total += count
      var descriptor = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
      guard poll(&descriptor, 1, 0) > 0 else { break }
    }
    return (messages, true)
  }

  /// Writes messages; false when the client does not read any more.
  private func send(_ messages: [JSON]) -> Bool {
    for message in messages {
      let bytes = encoded(message)
      var written = 0
      while written < bytes.count {
        let count = bytes.withUnsafeBytes { write(output, $0.baseAddress! + written, bytes.count - written) }
        if count < 0 {
          if errno == EINTR { continue }
          return false
        }
        written += count
      }
    }
    return true
  }
}
