//! The compression options as interceptors of the SDK, so that a single operation can have its own.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use crate::compression::{RequestCompression, ResponseCompression};

macro_rules! stores_itself {
    ($option:ident) => {
        impl Storable for $option {
            type Storer = StoreReplace<Self>;
        }

        #[dyn_dispatch_hint]
        impl Intercept for $option {
            fn name(&self) -> &'static str {
                stringify!($option)
            }

            fn read_before_execution(
                &self,
                _: &BeforeSerializationInterceptorContextRef<'_>,
                config: &mut ConfigBag,
            ) -> Result<(), BoxError> {
                config.interceptor_state().store_put(self.clone());
                Ok(())
            }
        }
    };
}

stores_itself!(RequestCompression);
stores_itself!(ResponseCompression);
