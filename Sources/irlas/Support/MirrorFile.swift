import IRLASDSL
import IRLASGraph
import IRLASSearch
import IRLASTraining

/// Files that hold a mirror.
enum MirrorFile {
  /// Far more than any mirror needs.
  private static let largestSize = 64 << 20

  /// Reads a mirror and makes it ready for blocks.
  static func read(_ path: String) throws -> TopologyMirror {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try FileBytes.read(path, limit: largestSize)
    } catch {
      throw CommandFailure(error)
    }
    let mirror: Mirror
    do throws(MirrorTextIssue) {
      mirror = try Mirror(parsing: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw CommandFailure.input("\(path):\(error)")
    }
    guard let reader = TopologyMirror(mirror) else {
      throw CommandFailure.input(
        "\(path): learned on version \(mirror.featureVersion) of the features; this is version \(TopologyFeatures.version): learn it again"
      )
    }
    return reader
  }
}

/// `FILE`, or `FILE:NETWORK` where a file has several networks.
struct NetworkReference {
  let file: String
  let network: String?

  init(_ text: String) {
    // A colon belongs to the path where no name follows it.
    if let colon = text.lastIndex(of: ":"), colon != text.startIndex {
      let name = text[text.index(after: colon)...]
      let isName =
        !name.isEmpty && name.utf8.allSatisfy { "_".utf8.contains($0) || isLetterOrDigit($0) }
      if isName {
        (file, network) = (String(text[..<colon]), String(name))
        return
      }
    }
    (file, network) = (text, nil)
  }

  /// Loads the program and elaborates the network; prints what there is to say.
  func elaborate(format: MessageFormat = .long, color: ColorChoice = .auto) throws -> Graph {
    let program = try LoadedProgram(file: file, format: format, color: color)
    try program.messages.print(program.program.diagnostics)
    return try program.elaborate(try program.networkName(network), settings: []).graph
  }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"):
    true
  default: false
  }
}
