//! The documented error body.

use super::response::write_string;
use crate::error::{Error, ErrorKind};

/// Appends the documented error body to `out`, as one line of compact JSON.
///
/// For errors of the embedding server, such as a page that does not exist: it then answers all
/// errors alike. [`Error::write_json`] writes the errors of this crate through it. The code is the
/// server's own; clients may rely on one of at most 12 characters, as the crate's are. Texts are
/// escaped as JSON needs it. O(length of the texts).
///
/// ```
/// use taskdex::wire::write_error_json;
///
/// let mut body = Vec::new();
/// write_error_json("SRV.0404", "no such page", Some("GET /v3"), &mut body);
/// assert_eq!(
///     String::from_utf8_lossy(&body),
///     r#"{"error_code":"SRV.0404","error_msg":"no such page","error_detail":"GET /v3"}"#,
/// );
/// ```
pub fn write_error_json(code: &str, message: &str, detail: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"error_code\":");
    write_string(out, code);
    out.extend_from_slice(b",\"error_msg\":");
    write_string(out, message);
    if let Some(detail) = detail {
        out.extend_from_slice(b",\"error_detail\":");
        write_string(out, detail);
    }
    out.push(b'}');
}

impl Error {
    /// Appends the documented error body to `out`, as one line of compact JSON.
    ///
    /// `error_code` is the [code](Error::code), `error_msg` the message, and
    /// `error_detail`, where there is more to say, the [detail](Error::detail).
    /// `encoded_authorization_message` belongs to the embedding server, and so do errors of its
    /// own: [`wire::write_error_json`](crate::wire::write_error_json) writes their bodies.
    ///
    /// ```
    /// use taskdex::ListQuery;
    ///
    /// let mut body = Vec::new();
    /// let error = ListQuery::from_query_string("offset=0").unwrap_err();
    /// error.write_json(&mut body);
    /// assert_eq!(
    ///     String::from_utf8_lossy(&body),
    ///     r#"{"error_code":"TDX.0001","error_msg":"missing: limit; accepted: a whole number from 0 to 50"}"#,
    /// );
    /// ```
    pub fn write_json(&self, out: &mut Vec<u8>) {
        write_error_json(self.code(), &self.to_string(), self.detail(), out);
    }
}

/// A record as text.
pub(super) fn utf8(record: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(record).map_err(|error| {
        let (_, rest) = record.split_at(error.valid_up_to());
        not_utf8(rest)
    })
}

/// The refusal of a record, of which `rest` is what stands from its first fault on.
pub(super) fn not_utf8(rest: &[u8]) -> Error {
    let rest = rest.split(|&byte| byte == b'\n').next().unwrap_or_default();
    // One line may be long, and no more than this of it is shown.
    let rest = rest.get(..1024).unwrap_or(rest);
    let text = String::from_utf8_lossy(rest);
    Error::refused(ErrorKind::InvalidEncoding, "record", &text, "UTF-8")
}

/// The refusal of a text that is not the JSON it should be.
pub(super) fn invalid_json(text: &str, error: &serde_json::Error) -> Error {
    let refused = Error::refused(ErrorKind::InvalidJson, "record", text, "one JSON object");
    if error.is_data() {
        // Its message repeats the value, however long it is.
        return refused;
    }
    refused.detailed(error)
}
