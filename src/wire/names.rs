//! Closed sets of names on the wire.

/// Defines an enum whose values have names, each written once.
macro_rules! names {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $enum:ident {
            $($variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $enum {
            $($variant,)+
        }

        impl $enum {
            /// How many there are; a value's discriminant is less.
            $visibility const COUNT: usize = [$($name),+].len();

            $visibility const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// None for any other name.
            $visibility fn from_name(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$variant,)+
                    _ => return None,
                })
            }
        }
    };
}

pub(super) use names;
