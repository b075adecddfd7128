import IRLASJSON
import IRLASLanguageServer
import IRLASTestSupport
import Testing

/// Bytes to messages.
@Suite struct FramingTests {
  private func texts(_ messages: [Incoming]) -> [String] {
    messages.map { incoming in
      switch incoming {
      case .message(let json): json.line
      case .malformed: "malformed"
      }
    }
  }

  @Test func messagesMayArriveInAnyPieces() {
    let sent: [JSON] = [["a": 1], ["b": "ü😀\n"], [:], ["c": [1, 2, 3]]]
    let bytes = sent.flatMap { encoded($0) }
    for seed in 0..<50 {
      var random = SplitMix64(seed: UInt64(seed))
      var decoder = MessageDecoder()
      var received: [String] = []
      var at = 0
      while at < bytes.count {
        let end = min(bytes.count, at + 1 + random.below(20))
        received += texts(decoder.receive(bytes[at..<end]))
        at = end
      }
      #expect(received == sent.map(\.line), "seed \(seed)")
    }
  }

  @Test func otherHeadersAreSteppedOver() {
    var decoder = MessageDecoder()
    let text = "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:  2\r\n\r\n{}"
    #expect(texts(decoder.receive(Array(text.utf8))) == ["{}"])
  }

  @Test(arguments: [
    "Content-Length: x\r\n\r\n", "Nonsense\r\n\r\n", "Content-Length: 999999999999999999999\r\n\r\n",
    "Content-Length: 4\r\n\r\n{{{{", "Content-Length: -5\r\n\r\n",
  ])
  func damageCostsOneMessage(damage: String) {
    var decoder = MessageDecoder()
    let good = String(decoding: encoded(["ok": true]), as: UTF8.self)
    #expect(texts(decoder.receive(Array((damage + good).utf8))) == ["malformed", #"{"ok":true}"#])
  }

  @Test func anEndlessHeaderIsGivenUp() {
    var decoder = MessageDecoder()
    let bytes = [UInt8](repeating: 0x41, count: 20_000) + encoded(["ok": true])
    #expect(texts(decoder.receive(bytes)).last == #"{"ok":true}"#)
  }

  @Test func aMessageBeyondTheLimitIsSkipped() {
    var decoder = MessageDecoder()
    let length = MessageDecoder.contentLimit + 1
    #expect(texts(decoder.receive(Array("Content-Length: \(length)\r\n\r\n".utf8))) == ["malformed"])
    let chunk = [UInt8](repeating: 0x20, count: 1 << 20)
    var left = length
    while left > 0 {
      #expect(decoder.receive(chunk.prefix(left)).isEmpty)
      left -= min(left, chunk.count)
    }
    #expect(texts(decoder.receive(encoded([:]))) == ["{}"])
  }
}
