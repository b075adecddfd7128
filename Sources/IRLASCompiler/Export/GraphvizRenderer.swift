import CGraphviz
import Synchronization

/// The one place that talks to Graphviz. Its state is global to the process, hence the lock.
enum GraphvizRenderer {
  /// Graphviz's context, made at the first use and kept: making one loads its plug-ins.
  private static let context = Mutex<OpaquePointer?>(nil)

  /// Bounds on bitmaps in pixels: what the library can write at all, and what programs open without trouble.
  private static let maximumSide = 32_000.0
  private static let maximumArea = 1.2e8

  /// Lays a diagram out and writes it.
  static func render(_ dot: String, as format: DiagramFormat) throws(DrawingError) -> [UInt8] {
    let result = context.withLock { context -> Result<[UInt8], DrawingError> in
      if context == nil {
        context = gvContext()
        // Messages are fetched where they matter instead of being printed.
        _ = agseterr(AGMAX)
      }
      guard let context else { return .failure(.unavailable) }
      return draw(dot, format, context)
    }
    let bytes = try result.get()
    switch format {
    case .svg: return withoutComments(bytes)
    case .pdf: return withoutDate(bytes)
    case .dot, .png: return bytes
    }
  }

  private static func draw(_ dot: String, _ format: DiagramFormat, _ context: OpaquePointer)
    -> Result<[UInt8], DrawingError>
  {
    guard let graph = irlas_read_graph(dot) else { return .failure(.layout(lastMessage)) }
    defer { agclose(graph) }
    guard gvLayout(context, graph, "dot") == 0 else { return .failure(.layout(lastMessage)) }
    defer { gvFreeLayout(context, graph) }
    if format == .png { irlas_limit_bitmap(graph, Self.maximumSide, Self.maximumArea) }
    var data: UnsafeMutablePointer<CChar>?
    var length: UInt32 = 0
    guard gvRenderData(context, graph, format.rawValue, &data, &length) == 0, let data else {
      return .failure(.rendering(format: format, message: lastMessage))
    }
    defer { gvFreeRenderData(data) }
    let bytes = UnsafeRawBufferPointer(start: data, count: Int(length))
    return .success(Array(bytes))
  }

  private static var lastMessage: String {
    guard let message = aglasterr() else { return "no reason given" }
    return String(cString: message)
  }

  // MARK: The same bytes every time

  /// Removes comments, one of which names Graphviz's version. Text cannot contain `<!--`: its `<` is escaped.
  static func withoutComments(_ bytes: [UInt8]) -> [UInt8] {
    let open = Array("<!--".utf8)
    let close = Array("-->".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      guard bytes[index] == open[0], bytes[index...].starts(with: open) else {
        result.append(bytes[index])
        index += 1
        continue
      }
      while index < bytes.count, !bytes[index...].starts(with: close) { index += 1 }
      index = min(index + close.count, bytes.count)
      if index < bytes.count, bytes[index] == UInt8(ascii: "\n") { index += 1 }
    }
    return result
  }

  /// Overwrites the date at which a PDF was made.
  static func withoutDate(_ bytes: [UInt8]) -> [UInt8] {
    let key = Array("/CreationDate (D:".utf8)
    var bytes = bytes
    var index = 0
    while index + key.count < bytes.count {
      guard bytes[index] == key[0], bytes[index...].starts(with: key) else {
        index += 1
        continue
      }
      index += key.count
      for digit in "20000101000000".utf8 where index < bytes.count && bytes[index] != UInt8(ascii: ")") {
        bytes[index] = digit
        index += 1
      }
    }
    return bytes
  }
}
