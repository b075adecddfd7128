import IRLASJSON

/// The error codes of JSON-RPC 2.0 and LSP 3.17 that the server uses.
enum ErrorCode: Int, Error {
  case parseError = -32700
  case invalidRequest = -32600
  case methodNotFound = -32601
  case invalidParams = -32602
  case internalError = -32603
  case serverNotInitialized = -32002
  case requestCancelled = -32800
  case contentModified = -32801
  case requestFailed = -32803
}

/// Why a request has no result.
struct RequestFailure: Error {
  /// The code of the reply.
  let code: ErrorCode
  /// What people read.
  let message: String

  /// A failure with a message.
  init(_ code: ErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Parameters of another form than the protocol says.
  static func parameters(_ what: String) -> RequestFailure {
    RequestFailure(.invalidParams, "the parameters lack \(what)")
  }
}

/// A message of the client.
enum ClientMessage {
  /// Wants a reply.
  case request(id: JSON, method: String, parameters: JSON)
  /// Wants none.
  case notification(method: String, parameters: JSON)
  /// The reply to a request of the server.
  case response
  /// Neither of these; the id is known where there is one.
  case invalid(id: JSON, String)

  /// Reads a message.
  init(_ json: JSON) {
    guard case .object = json else {
      self = .invalid(id: .null, "a message is an object")
      return
    }
    let id = json["id"]
    var isIdentifier = true
    switch id {
    case .integer?, .string?, nil: break
    default: isIdentifier = false
    }
    guard json["jsonrpc"]?.text == "2.0" else {
      self = .invalid(id: isIdentifier ? id ?? .null : .null, "the message is not JSON-RPC 2.0")
      return
    }
    guard let method = json["method"] else {
      let isReply = id != nil && (json["result"] != nil || json["error"] != nil)
      self = isReply ? .response : .invalid(id: isIdentifier ? id ?? .null : .null, "a message has a method")
      return
    }
    guard let method = method.text else {
      self = .invalid(id: isIdentifier ? id ?? .null : .null, "the method is no string")
      return
    }
    let parameters = json["params"] ?? .null
    switch parameters {
    case .object, .array, .null: break
    default:
      self = .invalid(id: isIdentifier ? id ?? .null : .null, "parameters are an object or an array")
      return
    }
    guard let id else {
      self = .notification(method: method, parameters: parameters)
      return
    }
    self =
      isIdentifier
      ? .request(id: id, method: method, parameters: parameters) : .invalid(id: .null, "no such id")
  }
}

/// Messages of the server.
enum ServerMessage {
  /// The reply to a request.
  static func result(_ id: JSON, _ result: JSON) -> JSON {
    ["jsonrpc": "2.0", "id": id, "result": result]
  }

  /// The reply to a request that failed, or to something that is no request.
  static func error(_ id: JSON, _ failure: RequestFailure) -> JSON {
    [
      "jsonrpc": "2.0", "id": id,
      "error": ["code": JSON(failure.code.rawValue), "message": .string(failure.message)],
    ]
  }

  /// A notification.
  static func notification(_ method: String, _ parameters: JSON) -> JSON {
    ["jsonrpc": "2.0", "method": .string(method), "params": parameters]
  }

  /// A request to the client, whose reply is ignored.
  static func request(_ id: Int, _ method: String) -> JSON {
    ["jsonrpc": "2.0", "id": .string("irlas-\(id)"), "method": .string(method)]
  }
}
