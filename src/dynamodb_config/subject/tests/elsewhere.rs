//! Operations that are not about items.

use aws_sdk_dynamodb::operation::batch_execute_statement::BatchExecuteStatementInput;
use aws_sdk_dynamodb::operation::create_backup::CreateBackupInput;
use aws_sdk_dynamodb::operation::create_global_table::CreateGlobalTableInput;
use aws_sdk_dynamodb::operation::create_table::CreateTableInput;
use aws_sdk_dynamodb::operation::delete_backup::DeleteBackupInput;
use aws_sdk_dynamodb::operation::delete_resource_policy::DeleteResourcePolicyInput;
use aws_sdk_dynamodb::operation::delete_table::DeleteTableInput;
use aws_sdk_dynamodb::operation::describe_backup::DescribeBackupInput;
use aws_sdk_dynamodb::operation::describe_continuous_backups::DescribeContinuousBackupsInput;
use aws_sdk_dynamodb::operation::describe_contributor_insights::DescribeContributorInsightsInput;
use aws_sdk_dynamodb::operation::describe_endpoints::DescribeEndpointsInput;
use aws_sdk_dynamodb::operation::describe_export::DescribeExportInput;
use aws_sdk_dynamodb::operation::describe_global_table::DescribeGlobalTableInput;
use aws_sdk_dynamodb::operation::describe_global_table_settings::DescribeGlobalTableSettingsInput;
use aws_sdk_dynamodb::operation::describe_import::DescribeImportInput;
use aws_sdk_dynamodb::operation::describe_kinesis_streaming_destination::DescribeKinesisStreamingDestinationInput;
use aws_sdk_dynamodb::operation::describe_limits::DescribeLimitsInput;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableInput;
use aws_sdk_dynamodb::operation::describe_table_replica_auto_scaling::DescribeTableReplicaAutoScalingInput;
use aws_sdk_dynamodb::operation::describe_time_to_live::DescribeTimeToLiveInput;
use aws_sdk_dynamodb::operation::disable_kinesis_streaming_destination::DisableKinesisStreamingDestinationInput;
use aws_sdk_dynamodb::operation::enable_kinesis_streaming_destination::EnableKinesisStreamingDestinationInput;
use aws_sdk_dynamodb::operation::execute_statement::ExecuteStatementInput;
use aws_sdk_dynamodb::operation::execute_transaction::ExecuteTransactionInput;
use aws_sdk_dynamodb::operation::export_table_to_point_in_time::ExportTableToPointInTimeInput;
use aws_sdk_dynamodb::operation::get_resource_policy::GetResourcePolicyInput;
use aws_sdk_dynamodb::operation::import_table::ImportTableInput;
use aws_sdk_dynamodb::operation::list_backups::ListBackupsInput;
use aws_sdk_dynamodb::operation::list_contributor_insights::ListContributorInsightsInput;
use aws_sdk_dynamodb::operation::list_exports::ListExportsInput;
use aws_sdk_dynamodb::operation::list_global_tables::ListGlobalTablesInput;
use aws_sdk_dynamodb::operation::list_imports::ListImportsInput;
use aws_sdk_dynamodb::operation::list_tables::ListTablesInput;
use aws_sdk_dynamodb::operation::list_tags_of_resource::ListTagsOfResourceInput;
use aws_sdk_dynamodb::operation::put_resource_policy::PutResourcePolicyInput;
use aws_sdk_dynamodb::operation::restore_table_from_backup::RestoreTableFromBackupInput;
use aws_sdk_dynamodb::operation::restore_table_to_point_in_time::RestoreTableToPointInTimeInput;
use aws_sdk_dynamodb::operation::search_vectors::SearchVectorsInput;
use aws_sdk_dynamodb::operation::tag_resource::TagResourceInput;
use aws_sdk_dynamodb::operation::untag_resource::UntagResourceInput;
use aws_sdk_dynamodb::operation::update_continuous_backups::UpdateContinuousBackupsInput;
use aws_sdk_dynamodb::operation::update_contributor_insights::UpdateContributorInsightsInput;
use aws_sdk_dynamodb::operation::update_global_table::UpdateGlobalTableInput;
use aws_sdk_dynamodb::operation::update_global_table_settings::UpdateGlobalTableSettingsInput;
use aws_sdk_dynamodb::operation::update_kinesis_streaming_destination::UpdateKinesisStreamingDestinationInput;
use aws_sdk_dynamodb::operation::update_table::UpdateTableInput;
use aws_sdk_dynamodb::operation::update_table_replica_auto_scaling::UpdateTableReplicaAutoScalingInput;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::{Routers, Subject};

/// Inputs of these types.
macro_rules! inputs {
    ($($input:ident),* $(,)?) => {
        [$(Input::erase($input::builder().build().unwrap())),*]
    };
}

#[test]
fn operations_that_are_not_about_items_have_no_subject() {
    let inputs = inputs![
        BatchExecuteStatementInput,
        CreateBackupInput,
        CreateGlobalTableInput,
        CreateTableInput,
        DeleteBackupInput,
        DeleteResourcePolicyInput,
        DeleteTableInput,
        DescribeBackupInput,
        DescribeContinuousBackupsInput,
        DescribeContributorInsightsInput,
        DescribeEndpointsInput,
        DescribeExportInput,
        DescribeGlobalTableInput,
        DescribeGlobalTableSettingsInput,
        DescribeImportInput,
        DescribeKinesisStreamingDestinationInput,
        DescribeLimitsInput,
        DescribeTableInput,
        DescribeTableReplicaAutoScalingInput,
        DescribeTimeToLiveInput,
        DisableKinesisStreamingDestinationInput,
        EnableKinesisStreamingDestinationInput,
        ExecuteStatementInput,
        ExecuteTransactionInput,
        ExportTableToPointInTimeInput,
        GetResourcePolicyInput,
        ImportTableInput,
        ListBackupsInput,
        ListContributorInsightsInput,
        ListExportsInput,
        ListGlobalTablesInput,
        ListImportsInput,
        ListTablesInput,
        ListTagsOfResourceInput,
        PutResourcePolicyInput,
        RestoreTableFromBackupInput,
        RestoreTableToPointInTimeInput,
        SearchVectorsInput,
        TagResourceInput,
        UntagResourceInput,
        UpdateContinuousBackupsInput,
        UpdateContributorInsightsInput,
        UpdateGlobalTableInput,
        UpdateGlobalTableSettingsInput,
        UpdateKinesisStreamingDestinationInput,
        UpdateTableInput,
        UpdateTableReplicaAutoScalingInput,
        UpdateTimeToLiveInput,
    ];
    let describe = DescribeTableInput::builder().table_name("texts");
    let describe = Input::erase(describe.build().unwrap());
    let router = Routers::new().every_write;
    for input in inputs.iter().chain([&describe]) {
        let subject = Subject::of(input, &router);
        assert!(subject.route.is_none(), "{input:?}");
        assert!(subject.due_table.is_none(), "{input:?}");
    }
}
