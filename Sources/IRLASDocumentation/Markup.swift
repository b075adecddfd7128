/// A piece of a page: HTML that is well-formed XML as well. Text gets in by escaping alone.
struct Markup: Hashable, Sendable {
  /// The bytes of the page.
  private(set) var html: String

  /// Nothing.
  static let empty = Markup(verbatim: "")

  /// Text, with everything that HTML or XML could misread escaped; what XML cannot hold becomes U+FFFD.
  init(_ text: some StringProtocol) {
    var html = ""
    html.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": html += "&amp;"
      case "<": html += "&lt;"
      case ">": html += "&gt;"
      case "\"": html += "&quot;"
      case "\n", "\t": html.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
        html.unicodeScalars.append("\u{FFFD}")
      default: html.unicodeScalars.append(scalar)
      }
    }
    self.html = html
  }

  /// What is HTML already.
  init(verbatim html: String) { self.html = html }

  static func + (a: Markup, b: Markup) -> Markup { Markup(verbatim: a.html + b.html) }

  static func += (a: inout Markup, b: Markup) { a.html += b.html }

  /// An element; the attributes are text.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: Markup = .empty
  ) -> Markup {
    var html = "<\(name)"
    for (attribute, value) in attributes { html += " \(attribute)=\"\(Markup(value).html)\"" }
    return Markup(verbatim: html + ">\(content.html)</\(name)>")
  }

  /// An element that holds text alone.
  static func element(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String)
    -> Markup
  {
    element(name, attributes, Markup(text))
  }

  /// A link to a place of the page.
  static func link(to anchor: String, _ content: Markup) -> Markup {
    element("a", ["href": "#\(anchor)"], content)
  }

  /// A table; columns of numbers are aligned to the right.
  static func table(
    _ columns: [(title: String, isNumber: Bool)], _ rows: [[Markup]],
    _ attributes: KeyValuePairs<String, String> = [:]
  ) -> Markup {
    func row(_ cells: [Markup], _ tag: String) -> Markup {
      var content = Markup.empty
      for (cell, column) in zip(cells, columns) {
        content += column.isNumber ? element(tag, ["class": "number"], cell) : element(tag, [:], cell)
      }
      // A row with fewer cells than columns is a heading over the rest.
      return element("tr", [:], content)
    }
    let head = element("thead", [:], row(columns.map { Markup($0.title) }, "th"))
    var body = Markup.empty
    for cells in rows {
      body +=
        cells.count == 1
        ? Markup(verbatim: "<tr class=\"group\"><td colspan=\"\(columns.count)\">\(cells[0].html)</td></tr>")
        : row(cells, "td")
    }
    return element(
      "div", ["class": "wide"],
      element("table", attributes, head + Markup(verbatim: "\n") + element("tbody", [:], body)))
      + Markup(verbatim: "\n")
  }
}

extension Markup {
  /// The text of a documentation comment: paragraphs, lines that are indented by four blanks as they stand, and words
  /// between backquotes as code.
  static func documentation(_ text: String?) -> Markup {
    guard let text else { return .empty }
    var page = Markup.empty
    var paragraph: [Substring] = []
    var verbatim: [Substring] = []
    func flush() {
      if !paragraph.isEmpty { page += element("p", [:], inline(paragraph.joined(separator: "\n"))) }
      while verbatim.last?.isEmpty == true { verbatim.removeLast() }
      if !verbatim.isEmpty {
        page += element("pre", [:], element("code", text: verbatim.joined(separator: "\n")))
      }
      (paragraph, verbatim) = ([], [])
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let isBlank = line.allSatisfy { $0 == " " || $0 == "\t" }
      if line.hasPrefix("    "), !isBlank, paragraph.isEmpty {
        verbatim.append(line.dropFirst(4))
      } else if isBlank, !verbatim.isEmpty {
        verbatim.append("")
      } else if isBlank {
        flush()
      } else {
        if !verbatim.isEmpty { flush() }
        paragraph.append(line)
      }
    }
    flush()
    return page
  }

  /// One paragraph.
  private static func inline(_ text: String) -> Markup {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false)
    var result = Markup.empty
    for (index, part) in parts.enumerated() {
      // A backquote without a partner is one.
      let isCode = index % 2 == 1 && index < parts.count - 1
      if isCode {
        result += element("code", text: String(part))
      } else {
        result += index % 2 == 1 ? Markup("`" + part) : Markup(part)
      }
    }
    return result
  }
}

/// The place of the page for something that a program declares: a word that is an id and a fragment alike.
func anchor(_ kind: String, _ name: String) -> String {
  var id = kind + "-"
  for scalar in name.unicodeScalars {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "_": id.unicodeScalars.append(scalar)
    default: id += ".\(String(scalar.value, radix: 16))"
    }
  }
  return id
}

/// A whole page: one HTML text that needs nothing else.
func htmlPage(title: String, _ main: Markup) -> String {
  let head =
    Markup(
      verbatim:
        "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
    )
    + .element("title", text: title) + Markup(verbatim: "\n<style>\n\(PageStyle.text)</style>\n")
  let body = Markup.element("h1", text: title) + Markup(verbatim: "\n") + main
  return "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n"
    + Markup.element("head", [:], Markup(verbatim: "\n") + head).html + "\n"
    + Markup.element("body", [:], Markup(verbatim: "\n") + body).html + "\n</html>\n"
}
