/// One lossless tree of a file, in flat arrays: ids are indices.
///
/// Nodes stand in post-order, so that a child has a smaller id than its parent and the root is the last node. The
/// children of a node are a run of `elements`: nodes and tokens in the order of the text. Every token, also the
/// unexpected ones, belongs to exactly one node, and what lies between two tokens is blank or comment: the bytes of
/// the file are all there. Trees are immutable and may be shared between threads.
package final class SyntaxTree: Sendable {
  /// The text.
  package let source: SourceFile
  /// All tokens in the order of the text; the last one is `endOfFile`.
  package let tokens: [Token]
  /// All nodes in post-order.
  let nodes: [Node]
  /// The children of all nodes.
  let elements: [Element]
  /// The tokens at which the parser reported something, in order.
  let brokenTokens: [Int]

  /// One node: what it is, its children and the tokens below it.
  struct Node: Sendable {
    /// What it is.
    let kind: SyntaxKind
    /// Index of the first child in `elements`.
    let firstElement: UInt32
    /// Number of children.
    let elementCount: UInt32
    /// Index of the first token below the node.
    let firstToken: UInt32
    /// Index one past the last token below the node; equal to `firstToken` for a missing part.
    let endToken: UInt32
  }

  /// A child: a node or a token, by index.
  struct Element: Sendable {
    private let bits: UInt32
    private static let nodeBit: UInt32 = 1 << 31

    static func node(_ id: Int) -> Element { Element(bits: UInt32(id) | nodeBit) }
    static func token(_ index: Int) -> Element { Element(bits: UInt32(index)) }

    /// Whether the child is a node.
    var isNode: Bool { bits & Self.nodeBit != 0 }
    /// The index of the node or token.
    var index: Int { Int(bits & ~Self.nodeBit) }
  }

  /// A tree of finished parts; the last node is the root.
  init(source: SourceFile, tokens: [Token], nodes: [Node], elements: [Element], brokenTokens: [Int]) {
    self.source = source
    self.tokens = tokens
    self.nodes = nodes
    self.elements = elements
    self.brokenTokens = brokenTokens
  }

  /// The whole file.
  package var root: FileSyntax { FileSyntax(unchecked: SyntaxNode(tree: self, id: nodes.count - 1)) }

  /// The bytes before a token: blanks and comments.
  package func leadingTrivia(of token: Int) -> Range<Int> {
    let start = token == 0 ? 0 : Int(tokens[token - 1].upper)
    return start..<max(start, Int(tokens[token].lower))
  }

  /// The text put together again from the tokens below the tree and what lies between them: the same bytes as
  /// `source.utf8`, which the tests compare.
  package func printed() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(source.utf8.count)
    // An explicit stack: a node's elements still to print.
    var stack: [Range<Int>] = [elementRange(of: nodes.count - 1)]
    while let top = stack.last {
      guard let next = top.first else {
        stack.removeLast()
        continue
      }
      stack[stack.count - 1] = (next + 1)..<top.upperBound
      let element = elements[next]
      if element.isNode {
        stack.append(elementRange(of: element.index))
      } else {
        bytes += source.utf8[leadingTrivia(of: element.index)]
        bytes += source.utf8[tokens[element.index].range]
      }
    }
    return bytes
  }

  /// The run of `elements` that are the children of a node.
  func elementRange(of node: Int) -> Range<Int> {
    let first = Int(nodes[node].firstElement)
    return first..<(first + Int(nodes[node].elementCount))
  }
}
