copy redshift.load_errors (
    query_id, transaction_id, session_id, table_id, start_time, user_id, file_name, line_number, column_name,
    column_type, column_length, position, raw_line, raw_field_value, error_code, error_message
) from stdin
