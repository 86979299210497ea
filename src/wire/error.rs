//! The documented error body.

use serde::Serialize;

use super::response::write_json;
use crate::error::{Error, ErrorKind};

/// The fields of the documented error body that this crate fills.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the documented names")]
struct ErrorBody<'a> {
    error_code: &'a str,
    error_msg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_detail: Option<&'a str>,
}

impl Error {
    /// Appends the documented error body to `out`, as one line of compact JSON.
    ///
    /// `error_code` is the [code](Error::code), `error_msg` the message, and
    /// `error_detail`, where there is more to say, the [detail](Error::detail).
    /// `encoded_authorization_message` belongs to the embedding server.
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
        write_json(
            out,
            &ErrorBody {
                error_code: self.code(),
                error_msg: &self.to_string(),
                error_detail: self.detail(),
            },
        );
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
